package dev.carafe.egress.scan;

import java.text.Normalizer;
import java.util.Arrays;

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

  /** Where {@link #TWINS} has its blocks: first and last code point of each. */
  private static final int[][] BLOCKS = {
    {0x2070, 0x209C}, {0x2100, 0x214F}, {0x2460, 0x24EA}, {0xFF10, 0xFF5A}, {0x1D400, 0x1D7FF}
  };

  private static final byte[][] TWINS = new byte[BLOCKS.length][];

  /** What a byte is worth as a digit, -1 when it is none. */
  private static final byte[] HEX = new byte[256];

  static {
    for (int b = 0; b < 256; b++) {
      HEX[b] = (byte) Character.digit(b < 0x80 ? b : 0, 16);
    }
    for (int b : new int[] {'%', '\\', '&', '=', 0xC2, 0xE2, 0xEF, 0xF0}) {
      STARTS[b] = true;
    }
    for (int i = 0; i < BLOCKS.length; i++) {
      int first = BLOCKS[i][0];
      TWINS[i] = new byte[BLOCKS[i][1] - first + 1];
      for (int c = 0; c < TWINS[i].length; c++) {
        String plain = Normalizer.normalize(Character.toString(first + c), Normalizer.Form.NFKC);
        boolean ours = plain.length() == 1 && plain.charAt(0) < 0x80;
        TWINS[i][c] = (byte) (ours ? plain.charAt(0) : BREAK);
      }
    }
  }

  private Unescape() {}

  /** Whether an escape may begin with this byte. */
  static boolean starts(int b) {
    return STARTS[b];
  }

  /** Whether this is an escape of two bytes for a line break or another control character. */
  static boolean breaks(byte[] bytes, int at, int to) {
    return bytes[at] == '\\' && parse(bytes, at, to) == (2 << 16 | BREAK);
  }

  /** Whether an escape may begin with these two bytes. */
  static boolean starts(int first, int second) {
    return switch (first) {
      case '%' -> HEX[second] >= 0 || second == 'u' || second == 'U';
      case '=' -> HEX[second] >= 0;
      case '\\' -> second >= '"' && second < 0x80;
      case '&' -> second == '#' || Alphabet.FOLDED.value((byte) second) >= 0;
      case 0xC2, 0xE2, 0xEF, 0xF0 -> unicode(first, second);
      default -> false;
    };
  }

  private static boolean unicode(int lead, int second) {
    return switch (lead) {
      case 0xC2 -> second == 0xAD;
      case 0xE2 -> second >= 0x80 && second <= 0x93;
      case 0xEF -> second >= 0xBB && second <= 0xBD;
      default -> second == 0x9D;
    };
  }

  /**
   * Where the next escape begins, before {@code before}, that stands for, or is written with, a
   * letter or digit; or -1. Others only separate, and do so as they are.
   */
  static int next(byte[] bytes, int from, int before, int to, boolean quoted) {
    for (int i = from; i < before; i++) {
      if (STARTS[bytes[i] & 0xFF] && bytes[i] == '=' == quoted) {
        int escape = parse(bytes, i, to);
        boolean pair = escape >>> 16 == 2 && (escape & 0xFFFF) != DROP;
        if (escape != 0 && (!pair || Alphabet.FOLDED.value(bytes[i + 1]) >= 0)) {
          return i;
        }
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

  /** Knows whether an escape of two bytes only separates, and nothing lies across it. */
  interface Separating {
    boolean at(int place);
  }

  /**
   * Writes what stands between {@code from} and {@code to} without escapes, until the word of the
   * last one has ended and {@code margin} letters and digits have come, or the room is used up. An
   * escape that separates is written, and is no reason to go on.
   *
   * @param past reading does not stop before this place
   * @param quoted whether those of quoted-printable count
   * @param separating is asked about each escape of two bytes
   * @param plain gets what is written, and where it came from
   */
  static void decode(
      byte[] bytes,
      int from,
      int past,
      int to,
      int margin,
      boolean quoted,
      Separating separating,
      Plain plain) {
    plain.clear();
    int i = from;
    boolean seen = false;
    boolean word = false;
    int behind = 0;
    while (i < to && plain.room() > 0) {
      int escape = 0;
      boolean enough = false;
      int start = i;
      int limit = Math.min(to, i + plain.room());
      for (; i < limit && !enough; i++) {
        byte b = bytes[i];
        if (STARTS[b & 0xFF]) {
          escape = quoted || b != '=' ? parse(bytes, i, to) : 0;
          if (escape != 0) {
            break;
          }
          plain.again = true;
        }
        if (seen) {
          word &= TokenPattern.token(b);
          behind += !word && Alphabet.FOLDED.value(b) >= 0 ? 1 : 0;
          enough = behind >= margin && i >= past;
        }
      }
      plain.copy(bytes, start, i);
      if (enough) {
        break;
      }
      if (escape != 0) {
        int value = escape & 0xFFFF;
        int after = i + (escape >>> 16);
        if (escape >>> 16 != 2 || value == DROP || !separating.at(i)) {
          seen = true;
          word = true;
          behind = 0;
        } else {
          word = false;
        }
        if (value == DROP) {
          plain.skip(after);
        } else {
          plain.again |= STARTS[value];
          plain.put((byte) value, i, after);
        }
        i = after;
      }
    }
    plain.end(i);
  }

  /** The whole thing, as often as it helps. */
  static byte[] all(byte[] bytes) {
    byte[] plain = bytes;
    for (int level = 0;
        level < LEVELS && next(plain, 0, plain.length, plain.length, false) >= 0;
        level++) {
      Plain out = new Plain(plain.length);
      decode(plain, 0, 0, plain.length, Integer.MAX_VALUE, false, place -> false, out);
      plain = Arrays.copyOf(out.bytes, out.length);
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
        int escape = two(in, i, to);
        yield Alphabet.FOLDED.value((byte) escape) >= 0 ? escape : 0;
      }
      default -> unicode(in, i, to);
    };
  }

  private static int percent(byte[] in, int i, int to) {
    if (i + 1 < to && (in[i + 1] | 0x20) == 'u') {
      int value = hex(in, i + 2, i + 6, to);
      return value < 0 ? 0 : 6 << 16 | plain(value);
    }
    return two(in, i, to);
  }

  /** The byte that the two digits after the mark at {@code i} stand for. */
  private static int two(byte[] in, int i, int to) {
    if (i + 3 > to) {
      return 0;
    }
    int value = HEX[in[i + 1] & 0xFF] << 4 | HEX[in[i + 2] & 0xFF];
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
    if (i + 1 >= to || !unicode(lead, in[i + 1] & 0xFF)) {
      return 0;
    }
    int length = lead == 0xC2 ? 2 : lead == 0xF0 ? 4 : 3;
    if (i + length > to) {
      return 0;
    }
    int value = lead & 0xFF >> length + 1;
    for (int j = 1; j < length; j++) {
      if ((in[i + j] & 0xC0) != 0x80) {
        return 0;
      }
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
    for (int i = 0; i < BLOCKS.length; i++) {
      if (point >= BLOCKS[i][0] && point <= BLOCKS[i][1]) {
        return TWINS[i][point - BLOCKS[i][0]];
      }
    }
    return BREAK;
  }

  private static int hex(byte[] in, int from, int end, int to) {
    if (end > to || from >= end || end - from > 8) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < end; i++) {
      int digit = HEX[in[i] & 0xFF];
      if (digit < 0 || value >= 1 << 24) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
