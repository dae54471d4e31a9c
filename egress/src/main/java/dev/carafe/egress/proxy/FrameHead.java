package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;

/** The beginning of a WebSocket frame (RFC 6455, 5.2), read as its bytes come. */
final class FrameHead {
  private final byte[] bytes = new byte[14];
  private int have;

  /** Consumes what belongs to it; whether it is whole. */
  boolean read(ByteBuf in) {
    while (have < need()) {
      if (!in.isReadable()) {
        return false;
      }
      bytes[have++] = in.readByte();
    }
    return true;
  }

  private int need() {
    if (have < 2) {
      return 2;
    }
    return 2 + lengthBytes() + (masked() ? 4 : 0);
  }

  private int lengthBytes() {
    return switch (bytes[1] & 0x7f) {
      case 126 -> 2;
      case 127 -> 8;
      default -> 0;
    };
  }

  private boolean masked() {
    return (bytes[1] & 0x80) != 0;
  }

  boolean last() {
    return (bytes[0] & 0x80) != 0;
  }

  int opcode() {
    return bytes[0] & 0x0f;
  }

  long length() {
    int bytesOfLength = lengthBytes();
    if (bytesOfLength == 0) {
      return bytes[1] & 0x7f;
    }
    long length = 0;
    for (int i = 2; i < 2 + bytesOfLength; i++) {
      length = length << 8 | bytes[i] & 0xff;
    }
    return length;
  }

  /**
   * Refuses what the protocol does not allow here.
   *
   * @param fromClient whether it must be masked
   * @param within whether a message has begun
   */
  void check(boolean fromClient, boolean within) throws Refused {
    int code = opcode();
    boolean control = code >= 8;
    boolean known = code <= 2 || code >= 8 && code <= 10;
    boolean inPlace = control || within == (code == 0);
    boolean whole = !control || last() && (bytes[1] & 0x7f) < 126;
    if ((bytes[0] & 0x70) != 0 || !known || !inPlace || !whole || length() < 0) {
      throw Refused.malformed("a WebSocket frame is not as it must be");
    }
    if (masked() != fromClient) {
      throw Refused.malformed("a WebSocket frame is masked by the wrong side");
    }
  }

  /** Undoes the mask of some of the content, if there is one. */
  void unmask(byte[] content, long at) {
    if (masked()) {
      int key = 2 + lengthBytes();
      xor(content, java.util.Arrays.copyOfRange(bytes, key, key + 4), at);
    }
  }

  static void xor(byte[] content, byte[] key, long at) {
    for (int i = 0; i < content.length; i++) {
      content[i] ^= key[(int) ((at + i) & 3)];
    }
  }

  void clear() {
    have = 0;
  }
}
