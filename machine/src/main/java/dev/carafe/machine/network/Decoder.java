package dev.carafe.machine.network;

import dev.carafe.machine.channel.Violation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Finds the frames in what a guest sends through the relay, and lets through none that is malformed
 * in itself: type, flags, stream, length and every fixed field are checked as soon as the header is
 * there. What depends on a stream's state is {@link Relay}'s to check. Holds one frame at a time
 * and allocates nothing. Not for use by several threads.
 */
final class Decoder {
  private int type;
  private int flags;
  private int stream;
  private int length;
  private int payload;

  /** A buffer that {@link #next} can work on. */
  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Takes the next whole frame out of {@code in}, which is little-endian and ready to be read, and
   * skips the padding before it. After true, the accessors tell of it until the next call, and
   * {@code in} stands behind it. After false, more bytes are needed: {@code in} stands where they
   * must be continued.
   */
  boolean next(ByteBuffer in) throws Violation {
    int limit = in.limit();
    int start = in.position();
    while (start < limit && in.get(start) == 0) {
      start++;
    }
    in.position(start);
    if (limit - start < Wire.HEADER_BYTES) {
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
    payload = start + Wire.HEADER_BYTES;
    if (limit - payload < length) {
      return false;
    }
    checkPayload(in);
    in.position(payload + length);
    return true;
  }

  private void checkHeader() throws Violation {
    switch (type) {
      case Wire.DATA -> {
        expect(Wire.END, true, 0, Wire.MAX_PAYLOAD);
        if (length == 0 && !end()) {
          throw new Violation("sent empty data that ends nothing");
        }
      }
      case Wire.CREDIT, Wire.RESET -> expect(0, true, 4, 4);
      case Wire.FAULT -> expect(0, false, 0, Wire.MAX_MESSAGE);
      case Wire.SETUP_DONE -> expect(0, false, 4, 4 + Wire.MAX_MESSAGE);
      case Wire.OPEN -> expect(0, true, 4, 20);
      case Wire.ACCEPTED -> expect(0, true, 0, 0);
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
      case Wire.CREDIT -> {
        int bytes = in.getInt(payload);
        if (bytes < 1 || bytes > Wire.WINDOW) {
          throw new Violation("gave a credit of " + Integer.toUnsignedLong(bytes) + " bytes");
        }
      }
      case Wire.RESET -> {
        int errno = in.getInt(payload);
        if (errno < 1 || errno > Wire.MAX_ERRNO) {
          throw new Violation("reset a stream for reason " + Integer.toUnsignedLong(errno));
        }
      }
      case Wire.SETUP_DONE -> {
        int errno = in.getInt(payload);
        if (errno < 0 || errno > Wire.MAX_ERRNO) {
          throw new Violation("failed for reason " + Integer.toUnsignedLong(errno));
        }
      }
      case Wire.OPEN -> checkOpen(in);
      default -> {}
    }
  }

  private void checkOpen(ByteBuffer in) throws Violation {
    int kind = in.get(payload) & 0xff;
    int address =
        switch (kind) {
          case Wire.KIND_SERVICE, Wire.KIND_DATAGRAM -> 0;
          case Wire.KIND_IPV4 -> 4;
          case Wire.KIND_IPV6 -> 16;
          default -> throw new Violation("opened a stream of kind " + kind);
        };
    if (length != 4 + address || in.get(payload + 1) != 0) {
      throw new Violation("opened a stream of kind " + kind + " with a malformed address");
    }
    int port = in.getShort(payload + 2) & 0xffff;
    if (port == 0 || kind == Wire.KIND_DATAGRAM && port != 53) {
      throw new Violation("opened a stream of kind " + kind + " to port " + port);
    }
  }

  int type() {
    return type;
  }

  int stream() {
    return stream;
  }

  /** Whether DATA is its direction's last. */
  boolean end() {
    return (flags & Wire.END) != 0;
  }

  /** Where the payload begins in the buffer that {@link #next} was given. */
  int payload() {
    return payload;
  }

  int length() {
    return length;
  }
}
