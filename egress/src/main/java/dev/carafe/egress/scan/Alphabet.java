package dev.carafe.egress.scan;

/**
 * How bytes are read as characters: which of them count, and which count as the same.
 *
 * <p>In {@link #FOLDED} only ASCII letters and digits count, without their case; every other byte
 * is a separator and as good as absent. In {@link #EXACT} every byte counts for itself.
 */
final class Alphabet {
  static final int SEPARATOR = -1;

  static final Alphabet FOLDED = new Alphabet(6, 6, foldedValues());
  static final Alphabet EXACT = new Alphabet(8, 5, exactValues());

  /** Bits of one character. */
  final int bits;

  /** Characters of one gram, the piece by which a secret is first noticed. */
  final int gram;

  /** The bits of one gram. */
  final long gramMask;

  private final short[] values;

  private Alphabet(int bits, int gram, short[] values) {
    this.bits = bits;
    this.gram = gram;
    this.gramMask = (1L << bits * gram) - 1;
    this.values = values;
  }

  /** The character a byte stands for, or {@link #SEPARATOR}. */
  int value(byte b) {
    return values[b & 0xFF];
  }

  /** The place of the character before {@code at}, not below {@code low}; -1 when there is none. */
  int before(byte[] bytes, int low, int at) {
    int i = at - 1;
    while (i >= low && values[bytes[i] & 0xFF] < 0) {
      i--;
    }
    return i < low ? -1 : i;
  }

  /** Where the last {@code count} characters before {@code end} begin, not below {@code low}. */
  int back(byte[] bytes, int low, int end, int count) {
    int i = end;
    for (int n = 0; n < count && i > low; i--) {
      if (values[bytes[i - 1] & 0xFF] >= 0) {
        n++;
      }
    }
    return i;
  }

  private static short[] foldedValues() {
    short[] values = new short[256];
    java.util.Arrays.fill(values, (short) SEPARATOR);
    for (int i = 0; i < 10; i++) {
      values['0' + i] = (short) (i + 1);
    }
    for (int i = 0; i < 26; i++) {
      values['a' + i] = (short) (i + 11);
      values['A' + i] = (short) (i + 11);
    }
    return values;
  }

  private static short[] exactValues() {
    short[] values = new short[256];
    for (int i = 0; i < 256; i++) {
      values[i] = (short) i;
    }
    return values;
  }
}
