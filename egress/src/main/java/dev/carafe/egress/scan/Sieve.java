package dev.carafe.egress.scan;

/**
 * The one loop every byte goes through. Immutable.
 *
 * <p>Two things are watched at once, with one look-up per byte. The last characters of the alphabet
 * are kept in one long, where separators leave it as it is, so that what is split by them looks
 * whole; every fourth byte its last gram is asked for in the table of the secrets' grams. As a
 * match is always longer than a gram by three characters, one of its grams stands there at such a
 * moment. And the last four bytes are compared with the keywords of the token patterns, all at
 * once: each keyword is in one of eight buckets, and each byte says, in which buckets it may stand
 * at which of the four places (shift-and).
 */
final class Sieve {
  /** Bytes between two looks. */
  private static final int STEP = 4;

  private final long[] table = new long[256];
  private final Needles needles;
  private final Keywords keywords;

  /** Who looks closer. */
  interface Hits {
    /** A gram of a secret ends before {@code end}. */
    void gram(Needles needles, byte[] view, int end, long gram) throws BlockedException;

    /** A keyword stands at {@code at}. */
    void keyword(Keywords.Keyword keyword, byte[] view, int at) throws BlockedException;
  }

  Sieve(Needles needles, Keywords keywords) {
    this.needles = needles;
    this.keywords = keywords;
    for (int b = 0; b < 256; b++) {
      int value = needles.alphabet.value((byte) b);
      long character = value < 0 ? 0 : (long) value << 8 | needles.alphabet.bits;
      table[b] = (long) keywords.mask(b) << 32 | character;
    }
  }

  /**
   * Reports what may begin or go on in the bytes {@code from} to {@code to}; what ended before is
   * not reported again.
   *
   * @param low how far back a keyword may begin
   */
  void pass(byte[] view, int low, int from, int to, Hits hits) throws BlockedException {
    long[] t = table;
    long[] bits = needles.bits;
    int shift = needles.shift;
    long mask = needles.alphabet.gramMask;
    long chars = 0;
    int state = -1;
    int i = from;
    for (; i + STEP <= to; i += STEP) {
      long a = t[view[i] & 0xFF];
      long b = t[view[i + 1] & 0xFF];
      long c = t[view[i + 2] & 0xFF];
      long d = t[view[i + 3] & 0xFF];
      chars = chars << a | (int) a >>> 8;
      chars = chars << b | (int) b >>> 8;
      chars = chars << c | (int) c >>> 8;
      chars = chars << d | (int) d >>> 8;
      int s0 = (state << 8 | 0xFF) & (int) (a >>> 32);
      int s1 = (s0 << 8 | 0xFF) & (int) (b >>> 32);
      int s2 = (s1 << 8 | 0xFF) & (int) (c >>> 32);
      state = (s2 << 8 | 0xFF) & (int) (d >>> 32);
      if ((s0 | s1 | s2 | state) >>> 24 != 0) {
        word(view, low, to, i, s0, hits);
        word(view, low, to, i + 1, s1, hits);
        word(view, low, to, i + 2, s2, hits);
        word(view, low, to, i + 3, state, hits);
      }
      int hash = Needles.hash(chars & mask, shift);
      if ((bits[hash >> 6] & 1L << hash) != 0 && needles.find(chars) >= 0) {
        hits.gram(needles, view, i + STEP, chars);
      }
    }
    for (; i < to; i++) {
      long a = t[view[i] & 0xFF];
      chars = chars << a | (int) a >>> 8;
      state = (state << 8 | 0xFF) & (int) (a >>> 32);
      word(view, low, to, i, state, hits);
      int hash = Needles.hash(chars & mask, shift);
      if ((bits[hash >> 6] & 1L << hash) != 0 && needles.find(chars) >= 0) {
        hits.gram(needles, view, i + 1, chars);
      }
    }
  }

  private void word(byte[] view, int low, int high, int last, int state, Hits hits)
      throws BlockedException {
    int buckets = state >>> 24;
    while (buckets != 0) {
      int bucket = Integer.numberOfTrailingZeros(buckets);
      buckets &= buckets - 1;
      for (Keywords.Keyword keyword : keywords.bucket(bucket)) {
        int at = last - keyword.anchorEnd() + 1;
        if (at >= low && keyword.standsAt(view, at, high)) {
          hits.keyword(keyword, view, at);
        }
      }
    }
  }
}
