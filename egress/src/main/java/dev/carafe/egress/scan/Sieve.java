package dev.carafe.egress.scan;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The one loop every byte goes through. Immutable.
 *
 * <p>Two things are watched at once. The last characters of the alphabet are kept in one long,
 * where separators leave it as it is, so that what is split by them looks whole; every eighth byte
 * (every fourth, when there are needles with short runs) its last gram is asked for in the table of
 * the secrets' grams. As a match is longer than a gram by as many characters as that, less one, a
 * gram of it stands there at such a moment. And each byte is compared with the keywords of the
 * patterns: each keyword is in one of eight buckets, and each byte says for each bucket at which of
 * four places it may <em>not</em> stand (shift-or); where all four places of a bucket agree, a
 * keyword may end.
 *
 * <p>The loop is most of the cost of a scan, and is written for few instructions: characters come
 * two bytes at a time from one table, and the places of four bytes are combined in one long.
 */
final class Sieve {
  /** Bytes between two looks. */
  private static final int STEP = 8;

  /** Of what a byte adds: what kind of escape it may begin; and how many bits it adds. */
  private static final int START = Starts.ANY >>> Starts.SHIFT;

  private static final int QUOTED = Starts.QUOTED >>> Starts.SHIFT;
  private static final int KINDS = START | QUOTED;

  private static final int COUNT = 0x3F;

  private static final VarHandle PAIR =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final int[] pairs;
  private final int[] singles;

  /** For each byte, for each place from the last back, a bit for each bucket it may not be in. */
  private final int[] words = new int[256];

  private final boolean half;
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
    half = needles.shortestRun < needles.alphabet.gram + STEP - 1;
    boolean folded = needles.alphabet == Alphabet.FOLDED;
    singles = folded ? Folded.SINGLES : Exact.SINGLES;
    pairs = folded ? Folded.PAIRS : Exact.PAIRS;
    for (int b = 0; b < 256; b++) {
      words[b] = ~Integer.reverseBytes(keywords.mask(b));
    }
  }

  /** What all sieves of one alphabet have in common, and exists only if there is one. */
  private static final class Folded {
    static final int[] SINGLES = singles(Alphabet.FOLDED);
    static final int[] PAIRS = pairs(SINGLES);
  }

  /** The same for the other one. */
  private static final class Exact {
    static final int[] SINGLES = singles(Alphabet.EXACT);
    static final int[] PAIRS = pairs(SINGLES);
  }

  /** For each byte, what it adds: the bits of its character above, how many they are below. */
  private static int[] singles(Alphabet alphabet) {
    int[] singles = new int[256];
    for (int b = 0; b < 256; b++) {
      int value = alphabet.value((byte) b);
      singles[b] = (value < 0 ? 0 : value << 8 | alphabet.bits) | start(b, Unescape.starts(b));
    }
    return singles;
  }

  /** The same for two bytes. */
  private static int[] pairs(int[] singles) {
    int[] pairs = new int[1 << 16];
    for (int first = 0; first < 256; first++) {
      for (int second = 0; second < 256; second++) {
        int one = singles[first];
        int two = singles[second];
        int both = (one >>> 8) << (two & COUNT) | two >>> 8;
        int count = (one & COUNT) + (two & COUNT);
        int start = start(first, Unescape.starts(first, second)) | two & KINDS;
        pairs[second << 8 | first] = both << 8 | start | count;
      }
    }
    return pairs;
  }

  private static int start(int first, boolean starts) {
    return !starts ? 0 : first == '=' ? QUOTED : START;
  }

  /**
   * Reports what may begin or go on in the bytes {@code from} to {@code to}; what ended before is
   * not reported again.
   *
   * @param low how far back a keyword may begin
   * @param starts gets where escapes may begin
   */
  void pass(byte[] view, int low, int from, int to, Starts starts, Hits hits)
      throws BlockedException {
    int[] found = starts.begin(from, to);
    int n = 0;
    int[] p = pairs;
    int[] w = words;
    long[] bits = needles.bits;
    int shift = needles.shift;
    long mask = needles.alphabet.gramMask;
    long chars = 0;
    long seen = 0;
    long places = 0;
    int i = from;
    for (; i + STEP <= to; i += STEP) {
      int a = p[(short) PAIR.get(view, i) & 0xFFFF];
      chars = next(chars, a);
      int b = p[(short) PAIR.get(view, i + 2) & 0xFFFF];
      chars = next(chars, b);
      if (half) {
        int hash = Needles.hash(chars & mask, shift);
        if ((bits[hash >> 6] & 1L << hash) != 0 && chars != seen && needles.has(chars)) {
          hits.gram(needles, view, i + 4, chars);
        }
        seen = chars;
      }
      int c = p[(short) PAIR.get(view, i + 4) & 0xFFFF];
      chars = next(chars, c);
      int d = p[(short) PAIR.get(view, i + 6) & 0xFFFF];
      chars = next(chars, d);
      int hash = Needles.hash(chars & mask, shift);
      // Between separators nothing changes, and what was reported is not again.
      if ((bits[hash >> 6] & 1L << hash) != 0 && chars != seen && needles.has(chars)) {
        hits.gram(needles, view, i + STEP, chars);
      }
      seen = chars;
      int kinds = (a | b | c | d) & KINDS;
      found[n] = i | kinds << Starts.SHIFT;
      n += kinds == 0 ? 0 : 1;
      long first =
          places
              | w[view[i] & 0xFF] & 0xFFFFFFFFL
              | (w[view[i + 1] & 0xFF] & 0xFFFFFFFFL) << 8
              | (w[view[i + 2] & 0xFF] & 0xFFFFFFFFL) << 16
              | (w[view[i + 3] & 0xFF] & 0xFFFFFFFFL) << 24;
      long second =
          first >>> 32
              | w[view[i + 4] & 0xFF] & 0xFFFFFFFFL
              | (w[view[i + 5] & 0xFF] & 0xFFFFFFFFL) << 8
              | (w[view[i + 6] & 0xFF] & 0xFFFFFFFFL) << 16
              | (w[view[i + 7] & 0xFF] & 0xFFFFFFFFL) << 24;
      places = second >>> 32;
      if (((int) first & (int) second) != -1) {
        words(view, low, to, i, ~(int) first, hits);
        words(view, low, to, i + 4, ~(int) second, hits);
      }
    }
    found[n] = i | KINDS << Starts.SHIFT;
    n += i < to ? 1 : 0;
    starts.end(n);
    for (; i < to; i++) {
      chars = next(chars, singles[view[i] & 0xFF]);
      int hash = Needles.hash(chars & mask, shift);
      if ((bits[hash >> 6] & 1L << hash) != 0 && chars != seen && needles.has(chars)) {
        hits.gram(needles, view, i + 1, chars);
      }
      seen = chars;
      places |= w[view[i] & 0xFF] & 0xFFFFFFFFL;
      words(view, low, to, i, ~(int) places & 0xFF, hits);
      places >>>= 8;
    }
  }

  private static long next(long chars, int more) {
    return chars << more | more >>> 8;
  }

  /** Looks at up to four places, a byte of buckets for each, the first one lowest. */
  private void words(byte[] view, int low, int high, int first, int places, Hits hits)
      throws BlockedException {
    for (int rest = places, last = first; rest != 0; rest >>>= 8, last++) {
      word(view, low, high, last, rest & 0xFF, hits);
    }
  }

  private void word(byte[] view, int low, int high, int last, int ended, Hits hits)
      throws BlockedException {
    int buckets = ended;
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
