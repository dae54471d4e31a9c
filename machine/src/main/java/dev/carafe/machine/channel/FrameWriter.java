package dev.carafe.machine.channel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes frames into a little-endian buffer that has room for them. Pure: knows nothing of sockets.
 */
final class FrameWriter {
  /** No frame but DATA and REQUEST is longer than this. */
  static final int CONTROL_BYTES = Protocol.HEADER_BYTES + 4;

  private FrameWriter() {}

  static void header(ByteBuffer out, int type, int flags, int stream, int length) {
    out.put((byte) type).put((byte) flags).putShort((short) 0).putInt(stream).putInt(length);
  }

  /** A frame with all that is left in {@code payload}, which is used up. */
  static void frame(ByteBuffer out, int type, int flags, int stream, ByteBuffer payload) {
    header(out, type, flags, stream, payload.remaining());
    out.put(payload);
  }

  static void credit(ByteBuffer out, int stream, int lane, int bytes) {
    header(out, Protocol.CREDIT, lane, stream, 4);
    out.putInt(bytes);
  }

  static void signal(ByteBuffer out, int stream, int number) {
    header(out, Protocol.SIGNAL, 0, stream, 4);
    out.putInt(number);
  }

  static void resize(ByteBuffer out, int stream, int rows, int columns) {
    header(out, Protocol.RESIZE, 0, stream, 4);
    out.putShort((short) rows).putShort((short) columns);
  }

  static void cancel(ByteBuffer out, int stream) {
    header(out, Protocol.CANCEL, 0, stream, 0);
  }

  /** What opens a session: padding if the last one may have broken off, then HELLO. */
  static ByteBuffer opening(Greeting greeting, boolean clean, byte[] nonce) {
    int padding = clean ? 0 : Protocol.RESYNC_BYTES;
    ByteBuffer out =
        ByteBuffer.allocateDirect(padding + Protocol.HEADER_BYTES + 28)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.position(padding);
    header(out, Protocol.HELLO, 0, 0, 28);
    out.put(greeting.bytes());
    out.putShort((short) Protocol.VERSION).putShort((short) Protocol.VERSION);
    out.put(nonce);
    return out.flip();
  }
}
