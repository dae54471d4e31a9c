package dev.carafe.machine.channel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Finds the frames in what a guest sends, and lets through none that is malformed in itself: type,
 * flags, stream, length and every fixed field are checked as soon as the header is there, before
 * the payload has arrived. What depends on a stream's state is {@link Stream}'s to check. Holds one
 * frame at a time and allocates nothing. Not for use by several threads.
 */
final class FrameReader {
  private int type;
  private int flags;
  private int stream;
  private int length;
  private int payload;

  /**
   * Takes the next whole frame out of {@code in}, which is little-endian and ready to be read, and
   * skips the padding before it. After true, the accessors tell of it until the next call, and
   * {@code in} stands behind it. After false, more bytes are needed: {@code in} stands where they
   * must be continued, and needs room for a frame of the largest size.
   */
  boolean next(ByteBuffer in) throws Violation {
    int limit = in.limit();
    int start = in.position();
    while (start < limit && in.get(start) == 0) {
      start++;
    }
    in.position(start);
    if (limit - start < Protocol.HEADER_BYTES) {
      return false;
    }
    type = in.get(start) & 0xff;
    flags = in.get(start + 1) & 0xff;
    stream = in.getInt(start + 4);
    length = in.getInt(start + 8);
    if (in.getShort(start + 2) != 0) {
      throw new Violation("sent a frame whose reserved bytes are not zero");
    }
    checkHeader();
    payload = start + Protocol.HEADER_BYTES;
    if (limit - payload < length) {
      return false;
    }
    checkPayload(in);
    in.position(payload + length);
    return true;
  }

  private void checkHeader() throws Violation {
    switch (type) {
      case Protocol.STARTED -> expect(0, true, 4, 4);
      case Protocol.DATA -> {
        expect(Protocol.END | Protocol.LANE, true, 0, Protocol.MAX_PAYLOAD);
        int lane = lane();
        if (lane != Protocol.OUTPUT && lane != Protocol.ERROR) {
          throw new Violation("sent data on lane " + lane + ", which is not a lane of its own");
        }
        if (length == 0 && !end()) {
          throw new Violation("sent empty data that ends nothing");
        }
      }
      case Protocol.CREDIT -> {
        expect(Protocol.LANE, true, 4, 4);
        if (lane() != Protocol.INPUT) {
          throw new Violation("gave credit for lane " + lane() + ", which is its own to send on");
        }
      }
      case Protocol.RESULT ->
          expect(0, true, Protocol.RESULT_BYTES, Protocol.RESULT_BYTES + Protocol.MAX_MESSAGE);
      case Protocol.FAULT -> expect(0, false, 0, Protocol.MAX_MESSAGE);
      case Protocol.WELCOME -> throw new Violation("sent a second welcome");
      default -> throw new Violation("sent a frame of type " + type + ", which it may not send");
    }
  }

  private void expect(int allowedFlags, boolean onStream, int least, int most) throws Violation {
    if ((flags & ~allowedFlags) != 0) {
      throw new Violation("sent a frame of type " + type + " with unknown flags " + flags);
    }
    if ((stream != 0) != onStream) {
      throw new Violation(
          "sent a frame of type " + type + (onStream ? " without a stream" : " on a stream"));
    }
    if (Integer.compareUnsigned(length, least) < 0 || Integer.compareUnsigned(length, most) > 0) {
      throw new Violation(
          "sent a frame of type " + type + " of " + Integer.toUnsignedLong(length) + " bytes");
    }
  }

  private void checkPayload(ByteBuffer in) throws Violation {
    switch (type) {
      case Protocol.STARTED -> {
        if (in.getInt(payload) < 0) {
          throw new Violation("sent an impossible process id");
        }
      }
      case Protocol.CREDIT -> {
        int bytes = in.getInt(payload);
        if (bytes < 1 || bytes > Protocol.WINDOW) {
          throw new Violation("gave a credit of " + Integer.toUnsignedLong(bytes) + " bytes");
        }
      }
      case Protocol.RESULT -> checkResult(in);
      default -> {}
    }
  }

  private void checkResult(ByteBuffer in) throws Violation {
    int kind = in.get(payload) & 0xff;
    // One read of the first four bytes: above the kind, three must be zero.
    if (in.getInt(payload) >>> 8 != 0) {
      throw new Violation("sent a result whose reserved bytes are not zero");
    }
    int code = in.getInt(payload + 4);
    boolean possible =
        switch (kind) {
          case Protocol.DONE -> code >= 0 && code <= 255;
          case Protocol.SIGNALLED -> code >= 1 && code <= Protocol.MAX_SIGNAL;
          case Protocol.TIMED_OUT, Protocol.REFUSED -> code == 0;
          case Protocol.FAILED -> code >= 0 && code <= Protocol.MAX_ERRNO;
          case Protocol.NOT_STARTED -> code == 126 || code == 127;
          default -> false;
        };
    if (!possible) {
      throw new Violation(
          "sent a result of kind " + kind + " with code " + Integer.toUnsignedLong(code));
    }
  }

  int type() {
    return type;
  }

  int stream() {
    return stream;
  }

  /** The lane of DATA or CREDIT. */
  int lane() {
    return flags & Protocol.LANE;
  }

  /** Whether DATA is its lane's last. */
  boolean end() {
    return (flags & Protocol.END) != 0;
  }

  /** Where the payload begins in the buffer that {@link #next} was given. */
  int payload() {
    return payload;
  }

  int length() {
    return length;
  }

  /** A buffer that {@link #next} can work on, with room for a frame of the largest size. */
  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(Math.max(bytes, Protocol.RESYNC_BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
