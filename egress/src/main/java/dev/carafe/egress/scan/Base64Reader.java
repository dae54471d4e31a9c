package dev.carafe.egress.scan;

/**
 * Reads base64 as it comes: both alphabets, over line breaks, JSON's escapes and percent-encoding.
 * Anything else ends it. One thread at a time.
 */
final class Base64Reader {
  private int bits;
  private int count;
  private int escape;
  private int percent;
  private int pads;
  private boolean ended;

  /** Whether a byte came that base64 does not have. */
  boolean ended() {
    return ended;
  }

  /** Decodes the next bytes into {@code out}, which is at least as long; returns how many. */
  int read(byte[] bytes, int from, int to, byte[] out) {
    int n = 0;
    for (int i = from; i < to && !ended; i++) {
      int b = bytes[i];
      if (escape == '%') {
        int digit = Character.digit(b, 16);
        if (digit < 0) {
          ended = true;
          break;
        }
        if (percent < 0) {
          percent = digit;
          continue;
        }
        b = percent << 4 | digit;
        escape = 0;
      } else if (escape == '\\') {
        escape = 0;
        if (b == 'n' || b == 'r' || b == 't') {
          continue;
        }
      } else if (b == '%' || b == '\\') {
        escape = b;
        percent = -1;
        continue;
      }
      int value = value(b);
      if (value >= 0 && pads == 0) {
        bits = bits << 6 | value;
        count += 6;
        if (count >= 8) {
          count -= 8;
          out[n++] = (byte) (bits >> count);
        }
      } else if (b == '=' && pads < 2) {
        pads++;
      } else if (b != '\n' && b != '\r' && b != ' ' && b != '\t') {
        ended = true;
      }
    }
    return n;
  }

  static int value(int b) {
    if (b >= 'A' && b <= 'Z') {
      return b - 'A';
    }
    if (b >= 'a' && b <= 'z') {
      return b - 'a' + 26;
    }
    if (b >= '0' && b <= '9') {
      return b - '0' + 52;
    }
    return b == '+' || b == '-' ? 62 : b == '/' || b == '_' ? 63 : -1;
  }
}
