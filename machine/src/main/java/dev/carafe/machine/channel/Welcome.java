package dev.carafe.machine.channel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Looks for the WELCOME that answers our HELLO in whatever else an earlier session left under way.
 * Only the sequence of header, magic and our nonce counts, which nobody could know before HELLO was
 * sent; everything before it is discarded unlooked at. Pure; not for use by several threads.
 */
final class Welcome {
  private final Greeting greeting;
  private final byte[] mark;
  private long discarded;
  private boolean configured;

  Welcome(Greeting greeting, byte[] nonce) {
    this.greeting = greeting;
    ByteBuffer expected =
        ByteBuffer.allocate(Protocol.HEADER_BYTES + 8 + nonce.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    FrameWriter.header(expected, Protocol.WELCOME, 0, 0, Protocol.WELCOME_BYTES);
    expected.put(greeting.bytes()).put(nonce);
    mark = expected.array();
  }

  /**
   * Searches on in {@code in}. After true, {@code in} stands behind the WELCOME; after false, more
   * bytes are needed and all that cannot be part of it has been taken out.
   */
  boolean find(ByteBuffer in) throws Violation {
    int start = in.position();
    int at = start;
    while (at < in.limit() && !beginsAt(in, at)) {
      at++;
    }
    in.position(at);
    discarded += at - start;
    if (discarded > Protocol.MAX_BEFORE_WELCOME) {
      throw new Violation("sent " + discarded + " bytes, but not the answer to our greeting");
    }
    if (in.remaining() < Protocol.HEADER_BYTES + Protocol.WELCOME_BYTES) {
      return false;
    }
    in.position(at + mark.length);
    int version = Short.toUnsignedInt(in.getShort());
    int flags = Short.toUnsignedInt(in.getShort());
    if (version == 0) {
      throw new Violation(
          "does not speak version "
              + Protocol.VERSION
              + " of the protocol: its agent was made for another version of Carafe");
    }
    if (version != Protocol.VERSION
        || (flags & ~greeting.flags()) != 0
        || in.getInt() != Protocol.MAX_PAYLOAD
        || in.getInt() != greeting.streams()
        || in.getInt() != greeting.window()
        || in.getInt() != 0) {
      throw new Violation("sent a welcome with impossible terms");
    }
    configured = flags == 1;
    return true;
  }

  /** Whether as much of the mark as is there stands at {@code at}; at least one byte. */
  private boolean beginsAt(ByteBuffer in, int at) {
    if (in.get(at) != mark[0]) {
      return false;
    }
    int there = Math.min(mark.length, in.limit() - at);
    byte[] seen = new byte[there];
    in.get(at, seen);
    return Arrays.equals(seen, 0, there, mark, 0, there);
  }

  /** The flag of the WELCOME that was found. */
  boolean configured() {
    return configured;
  }
}
