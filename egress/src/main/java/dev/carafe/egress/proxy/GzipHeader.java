package dev.carafe.egress.proxy;

import io.netty.buffer.ByteBuf;

/** Reads over the header of a gzip member (RFC 1952, 2.3), byte by byte as they come. */
final class GzipHeader {
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int CHECK = 2;
  private static final int LONGEST = 4096;

  private int at;
  private int flags;
  private int extra = -1;
  private int extraAt;
  private int texts;
  private int check;
  private int seen;

  /** Whether nothing of it has come. */
  boolean untouched() {
    return at == 0;
  }

  /** Consumes what belongs to it; whether it is whole. */
  boolean read(ByteBuf in) throws Refused {
    while (at < 10 || !whole()) {
      if (!in.isReadable()) {
        return false;
      }
      if (seen++ > LONGEST) {
        throw Refused.upstream("the gzip header is too long");
      }
      take(in.readUnsignedByte());
    }
    return true;
  }

  private boolean whole() {
    return (flags & EXTRA) == 0 && texts == 0 && check == 0;
  }

  private void take(int value) throws Refused {
    if (at < 10) {
      boolean wrong =
          at == 0 && value != 0x1f
              || at == 1 && value != 0x8b
              || at == 2 && value != 8
              || at == 3 && (value & 0xe0) != 0;
      if (wrong) {
        throw Refused.upstream("the gzip body has no gzip header");
      }
      if (at == 3) {
        flags = value;
        texts = ((value & NAME) != 0 ? 1 : 0) + ((value & COMMENT) != 0 ? 1 : 0);
        check = (value & CHECK) != 0 ? 2 : 0;
      }
      at++;
    } else if ((flags & EXTRA) != 0) {
      takeExtra(value);
    } else if (texts > 0) {
      texts -= value == 0 ? 1 : 0;
    } else {
      check--;
    }
  }

  private void takeExtra(int value) {
    if (extraAt == 0) {
      extra = value;
    } else if (extraAt == 1) {
      extra |= value << 8;
    }
    extraAt++;
    if (extraAt >= 2 && extraAt - 2 == extra) {
      flags &= ~EXTRA;
    }
  }
}
