package dev.carafe.egress.scan;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * What escapes stand for: percent, backslash, character references, quoted-printable, and letters
 * that Unicode has twice (full-width, mathematical, circled …).
 */
final class Unescape {
  /** Rounds: what is escaped more often than this is not understood. */
  static final int LEVELS = 3;

  private static final int DROP = 0x100;
  private static final int BREAK = '\n';
  private static final boolean[] STARTS = new boolean[256];
  private static final Map<Integer, Integer> TWINS = new HashMap<>();

  static {
    for (int b : new int[] {'%', '\\', '&', '=', 0xC2, 0xE2, 0xEF, 0xF0}) {
      STARTS[b] = true;
    }
    int[][] ranges = {
      {0xFF10, 0xFF5A}, {0x1D400, 0x1D7FF}, {0x2070, 0x209C}, {0x2100, 0x214F}, {0x2460, 0x24EA}
    };
    for (int[] range : ranges) {
      for (int c = range[0]; c <= range[1]; c++) {
        String plain = Normalizer.normalize(Character.toString(c), Normalizer.Form.NFKC);
        if (plain.length() == 1 && plain.charAt(0) < 0x80) {
          TWINS.put(c, (int) plain.charAt(0));
        }
      }
    }
  }

  private Unescape() {}

  /** Where the next escape begins, or -1. */
  static int next(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (STARTS[bytes[i] & 0xFF] && parse(bytes, i, to) != 0) {
        return i;
      }
    }
    return -1;
  }

  /** Where a last escape begins that is not complete, or {@code to}. */
  static int trimmed(byte[] bytes, int from, int to) {
    for (int i = Math.max(from, to - 9); i < to; i++) {
      if (STARTS[bytes[i] & 0xFF] && parse(bytes, i, to) == 0) {
        return i;
      }
    }
    return to;
  }

  /**
   * Writes what stands between {@code from} and {@code to} without escapes, until {@code margin}
   * letters and digits have come since the last one, or the room is used up.
   *
   * @param past reading does not stop before this place
   * @param places gets for each byte written where it came from, and one more: where reading ended
   * @return how many bytes were written
   */
  static int decode(
      byte[] bytes, int from, int past, int to, int margin, byte[] out, int[] places) {
    int n = 0;
    int since = 0;
    int i = from;
    boolean seen = false;
    while (i < to && n < out.length) {
      byte b = bytes[i];
      int escape = STARTS[b & 0xFF] ? parse(bytes, i, to) : 0;
      if (escape == 0) {
        out[n] = b;
        places[n++] = i++;
        if (Alphabet.FOLDED.value(b) >= 0 && ++since > margin && seen && i > past) {
          break;
        }
      } else {
        int value = escape & 0xFFFF;
        if (value != DROP) {
          out[n] = (byte) value;
          places[n++] = i;
        }
        i += escape >>> 16;
        since = 0;
        seen = true;
      }
    }
    places[n] = i;
    return n;
  }

  /** The whole thing, as often as it helps. */
  static byte[] all(byte[] bytes) {
    byte[] plain = bytes;
    for (int level = 0; level < LEVELS && next(plain, 0, plain.length) >= 0; level++) {
      byte[] out = new byte[plain.length];
      int n = decode(plain, 0, 0, plain.length, Integer.MAX_VALUE, out, new int[plain.length + 1]);
      plain = Arrays.copyOf(out, n);
    }
    return plain;
  }

  /** The length of the escape at {@code i} shifted by 16, and the byte it stands for; or 0. */
  private static int parse(byte[] in, int i, int to) {
    return switch (in[i]) {
      case '%' -> percent(in, i, to);
      case '\\' -> backslash(in, i, to);
      case '&' -> reference(in, i, to);
      case '=' -> {
        int value = hex(in, i + 1, i + 3, to);
        yield value >= 0 && Alphabet.FOLDED.value((byte) value) >= 0 ? 3 << 16 | value : 0;
      }
      default -> unicode(in, i, to);
    };
  }

  private static int percent(byte[] in, int i, int to) {
    if (i + 1 < to && (in[i + 1] | 0x20) == 'u') {
      int value = hex(in, i + 2, i + 6, to);
      return value < 0 ? 0 : 6 << 16 | plain(value);
    }
    int value = hex(in, i + 1, i + 3, to);
    return value < 0 ? 0 : 3 << 16 | value;
  }

  private static int backslash(byte[] in, int i, int to) {
    if (i + 1 >= to) {
      return 0;
    }
    int kind = in[i + 1];
    if (kind == 'u' && i + 2 < to && in[i + 2] == '{') {
      int end = i + 3;
      while (end < to && end < i + 11 && in[end] != '}') {
        end++;
      }
      int value = end < to && in[end] == '}' ? hex(in, i + 3, end, to) : -1;
      return value < 0 ? 0 : end + 1 - i << 16 | plain(value);
    }
    int value =
        switch (kind) {
          case 'u' -> hex(in, i + 2, i + 6, to);
          case 'x' -> hex(in, i + 2, i + 4, to);
          case 'n', 'r', 't', 'b', 'f', 'v' -> BREAK;
          case '"', '\'', '/', '\\' -> kind;
          case '0', '1', '2', '3' -> octal(in, i + 1, to);
          default -> -1;
        };
    int length = kind == 'u' ? 6 : kind == 'x' || kind >= '0' && kind <= '3' ? 4 : 2;
    return value < 0 ? 0 : length << 16 | plain(value);
  }

  private static int octal(byte[] in, int i, int to) {
    int value = 0;
    for (int j = i; j < i + 3; j++) {
      if (j >= to || in[j] < '0' || in[j] > '7') {
        return -1;
      }
      value = value * 8 + in[j] - '0';
    }
    return value;
  }

  private static int reference(byte[] in, int i, int to) {
    int end = i + 1;
    while (end < to && end < i + 12 && Alphabet.FOLDED.value(in[end]) >= 0 | in[end] == '#') {
      end++;
    }
    if (end >= to || end - i < 3 || in[end] != ';') {
      return 0;
    }
    int length = end + 1 - i;
    if (in[i + 1] != '#') {
      return length << 16 | BREAK;
    }
    int value = 0;
    if ((in[i + 2] | 0x20) == 'x') {
      value = hex(in, i + 3, end, to);
    } else {
      for (int j = i + 2; j < end && value >= 0; j++) {
        boolean digit = in[j] >= '0' && in[j] <= '9' && value < 1 << 24;
        value = digit ? value * 10 + in[j] - '0' : -1;
      }
    }
    return value < 0 ? 0 : length << 16 | plain(value);
  }

  private static int unicode(byte[] in, int i, int to) {
    int lead = in[i] & 0xFF;
    int length = lead == 0xC2 ? 2 : lead == 0xF0 ? 4 : 3;
    if (i + length > to) {
      return 0;
    }
    int value = lead & 0xFF >> length + 1;
    for (int j = 1; j < length; j++) {
      value = value << 6 | in[i + j] & 0x3F;
    }
    int plain = plain(value);
    return plain == BREAK ? 0 : length << 16 | plain;
  }

  /** The byte a code point is read as; one that is none of ours separates. */
  private static int plain(int point) {
    if (point < 0x80) {
      return point;
    }
    if (point == 0xAD || point >= 0x200B && point <= 0x200F || point == 0x2060 || point == 0xFEFF) {
      return DROP;
    }
    if (point >= 0x2070) {
      return TWINS.getOrDefault(point, BREAK);
    }
    return BREAK;
  }

  private static int hex(byte[] in, int from, int end, int to) {
    if (end > to || from >= end || end - from > 8) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < end; i++) {
      int digit = Character.digit(in[i], 16);
      if (digit < 0 || value >= 1 << 24) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
