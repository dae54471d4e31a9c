package dev.carafe.image.tar;

/** The two ways tar headers write numbers: octal digits, and GNU's base 256 for large ones. */
final class TarNumbers {
  private TarNumbers() {}

  static long parse(byte[] header, int offset, int length) throws BadArchiveException {
    if ((header[offset] & 0x80) != 0) {
      return base256(header, offset, length);
    }
    int at = offset;
    int end = offset + length;
    while (at < end && (header[at] == ' ' || header[at] == 0)) {
      at++;
    }
    long value = 0;
    for (; at < end && header[at] != ' ' && header[at] != 0; at++) {
      int digit = header[at] - '0';
      if (digit < 0 || digit > 7) {
        throw new BadArchiveException(
            "it is not a tar archive, or damaged (a number is not octal)");
      }
      value = value << 3 | digit; // at most 12 digits: no overflow
    }
    return value;
  }

  private static long base256(byte[] header, int offset, int length) throws BadArchiveException {
    boolean negative = (header[offset] & 0x40) != 0;
    long value = negative ? -1 : 0;
    for (int i = 0; i < length; i++) {
      int b = header[offset + i] & 0xff;
      if (i == 0) {
        b = negative ? b : b & 0x7f;
      }
      // What is shifted out must be nothing but the sign.
      if (value >> 55 != (negative ? -1 : 0)) {
        throw new BadArchiveException("a header has a number that is out of range");
      }
      value = value << 8 | b;
    }
    return value;
  }

  /**
   * Writes octal when it fits in {@code length - 1} digits; the caller keeps larger ones in pax.
   */
  static boolean write(byte[] header, int offset, int length, long value) {
    if (value < 0 || value >= 1L << 3 * (length - 1)) {
      return false;
    }
    long rest = value;
    for (int i = length - 2; i >= 0; i--) {
      header[offset + i] = (byte) ('0' + (rest & 7));
      rest >>= 3;
    }
    return true;
  }
}
