package dev.carafe.egress.scan;

import java.nio.charset.StandardCharsets;

/**
 * A secret as an encoding writes it, and for each byte of that text, which bytes of the secret it
 * tells of. Encodings compose: the base64 of the hexadecimal is {@code
 * raw(s).hex(LOWER).base64(0)}.
 *
 * @param text what would be seen
 * @param low for each byte of the text, the first byte of the secret it depends on
 * @param high the last one
 */
record Coded(byte[] text, int[] low, int[] high) {
  static final String LOWER = "0123456789abcdef";
  static final String UPPER = "0123456789ABCDEF";
  static final String STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static final String URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  static Coded raw(byte[] secret) {
    int[] places = new int[secret.length];
    for (int i = 0; i < places.length; i++) {
      places[i] = i;
    }
    return new Coded(secret, places, places);
  }

  /** The last byte first. */
  Coded reversed() {
    int n = text.length;
    Coded result = new Coded(new byte[n], new int[n], new int[n]);
    for (int i = 0; i < n; i++) {
      result.put(i, text[n - 1 - i], this, n - 1 - i, n - 1 - i);
    }
    return result;
  }

  /** Each byte as two digits. */
  Coded hex(String digits) {
    return each(
        b -> {
          return "" + digits.charAt(b >> 4) + digits.charAt(b & 15);
        });
  }

  /** Each byte as a literal of a program: 0x41. */
  Coded literals() {
    return each(b -> "0x" + LOWER.charAt(b >> 4) + LOWER.charAt(b & 15));
  }

  /** Each byte as a decimal number, as lists of numbers have them. */
  Coded decimals() {
    return each(Integer::toString);
  }

  /** With a zero byte after, or before, each. */
  Coded wide(boolean littleEndian) {
    return each(b -> littleEndian ? (char) b + "\0" : "\0" + (char) b);
  }

  /** Letters moved by thirteen. */
  Coded rotated() {
    return each(
        b -> {
          int base = b >= 'a' && b <= 'z' ? 'a' : b >= 'A' && b <= 'Z' ? 'A' : 0;
          return String.valueOf((char) (base == 0 ? b : (b - base + 13) % 26 + base));
        });
  }

  /**
   * The part of the base64 text that is the same whatever stands before and after.
   *
   * @param before how many bytes stand before, modulo 3
   */
  Coded base64(String digits, int before) {
    return digits(digits, 6, before);
  }

  /** The same for base32, where {@code before} is modulo 5. */
  Coded base32(int before) {
    return digits(BASE32, 5, before);
  }

  private Coded digits(String digits, int bits, int before) {
    int first = (8 * before + bits - 1) / bits;
    int n = Math.max(0, 8 * (before + text.length) / bits - first);
    Coded result = new Coded(new byte[n], new int[n], new int[n]);
    for (int i = 0; i < n; i++) {
      int from = (first + i) * bits - 8 * before;
      int to = from + bits - 1;
      int pair = (text[from / 8] & 0xFF) << 8 | text[to / 8] & 0xFF;
      int shift = from / 8 == to / 8 ? 7 - to % 8 : 15 - (8 + to % 8);
      int digit = pair >> shift & (1 << bits) - 1;
      result.put(i, (byte) digits.charAt(digit), this, from / 8, to / 8);
    }
    return result;
  }

  private void put(int at, byte value, Coded source, int first, int last) {
    text[at] = value;
    low[at] = Math.min(source.low[first], source.low[last]);
    high[at] = Math.max(source.high[first], source.high[last]);
  }

  private Coded each(java.util.function.IntFunction<String> writing) {
    byte[][] parts = new byte[text.length][];
    int n = 0;
    for (int i = 0; i < text.length; i++) {
      parts[i] = writing.apply(text[i] & 0xFF).getBytes(StandardCharsets.ISO_8859_1);
      n += parts[i].length;
    }
    Coded result = new Coded(new byte[n], new int[n], new int[n]);
    int at = 0;
    for (int i = 0; i < parts.length; i++) {
      for (byte b : parts[i]) {
        result.put(at++, b, this, i, i);
      }
    }
    return result;
  }
}
