package dev.carafe.egress.scan;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All needles of one alphabet, ready to be noticed by any of their grams. Immutable.
 *
 * <p>A gram is a few characters in a row (6 folded ones, 5 exact ones). Each place of each needle
 * has one; they stand sorted in {@link #grams}, and a bit for each in a sparse {@link #bits}, so
 * that the many grams of ordinary traffic cost one look into a small table. A gram that is there is
 * only a hint: {@link #longest} compares to both sides.
 */
final class Needles {
  /** How many bytes, separators included, the characters of one match may be spread over. */
  static final int SPREAD = 4096;

  /** Characters in a row, and fewer than a gram, that are enough to be kept back. */
  static final int SHORT_GRAM = 4;

  /** How far apart those four may be before we look closer instead. */
  private static final int NEAR = 48;

  private static final int PLACE_BITS = 24;
  private static final long SECOND = 0xC2B2AE3D27D4EB4FL;
  private static final long HASH = 0x9E3779B97F4A7C15L;

  final Alphabet alphabet;
  final long[] bits;
  final int shift;

  /** The longest run any needle asks for, in characters. */
  final int longestRun;

  /** The shortest one. */
  final int shortestRun;

  private final Needle[] needles;
  private final int[] starts;
  private final byte[] chars;
  private final boolean[] counts;
  private final long[] grams;
  private final long[] shortBits;
  private final int shortShift;

  /**
   * A piece of a needle in a view.
   *
   * @param start its first byte
   * @param end after its last byte
   * @param open whether the view ended before the needle did
   * @param run how many counting characters in a row it has
   */
  record Run(Needle needle, int start, int end, boolean open, int run) {
    boolean matches() {
      return run >= needle.run();
    }
  }

  Needles(Alphabet alphabet, List<Needle> list) {
    this.alphabet = alphabet;
    needles = list.toArray(new Needle[0]);
    starts = new int[needles.length + 1];
    int longest = 0;
    int places = 0;
    for (int i = 0; i < needles.length; i++) {
      int length = needles[i].chars().length;
      starts[i + 1] = starts[i] + length;
      places += length - alphabet.gram + 1;
      longest = Math.max(longest, needles[i].run());
    }
    longestRun = longest;
    shortestRun = list.stream().mapToInt(Needle::run).min().orElse(Integer.MAX_VALUE);
    int total = starts[needles.length];
    if (total >= 1 << PLACE_BITS) {
      throw new IllegalArgumentException(
          "The secrets to look for are too many or too long: together at most about 300 KiB.");
    }
    chars = new byte[total];
    counts = new boolean[total];
    grams = new long[places];
    shift = Math.max(64 - 26, 64 - 15 - log(places / 1024));
    bits = new long[1 << 64 - shift - 6];
    shortShift = Math.max(64 - 26, 64 - 15 - log(places / 1024));
    shortBits = new long[1 << 64 - shortShift - 6];
    fill();
  }

  private static int log(int n) {
    return n <= 0 ? 0 : 32 - Integer.numberOfLeadingZeros(n);
  }

  private void fill() {
    int count = 0;
    for (int i = 0; i < needles.length; i++) {
      byte[] own = needles[i].chars();
      System.arraycopy(own, 0, chars, starts[i], own.length);
      System.arraycopy(needles[i].counts(), 0, counts, starts[i], own.length);
      long gram = 0;
      for (int j = 0; j < own.length; j++) {
        gram = gram << alphabet.bits | own[j] & 0xFF;
        if (j >= SHORT_GRAM - 1) {
          set(shortBits, shortShift, gram & shortMask());
          set(shortBits, shortShift, (gram & shortMask()) * SECOND);
        }
        if (j >= alphabet.gram - 1) {
          int place = starts[i] + j - alphabet.gram + 1;
          grams[count++] = (gram & alphabet.gramMask) << PLACE_BITS | place;
          // A gram of what everybody knows is no reason to look closer.
          if (counts[place] && counts[starts[i] + j]) {
            set(bits, shift, gram & alphabet.gramMask);
            set(bits, shift, (gram & alphabet.gramMask) * SECOND);
          }
        }
      }
    }
    Arrays.sort(grams);
  }

  private long shortMask() {
    return (1L << alphabet.bits * SHORT_GRAM) - 1;
  }

  private static void set(long[] bits, int shift, long gram) {
    int hash = (int) (gram * HASH >>> shift);
    bits[hash >> 6] |= 1L << hash;
  }

  /** The place of a gram's bit. */
  static int hash(long gram, int shift) {
    return (int) (gram * HASH >>> shift);
  }

  boolean isEmpty() {
    return needles.length == 0;
  }

  /** Whether a gram whose first bit is set has its second one, and is there. */
  boolean has(long gram) {
    int hash = hash((gram & alphabet.gramMask) * SECOND, shift);
    return (bits[hash >> 6] & 1L << hash) != 0 && find(gram) >= 0;
  }

  /** The first entry of {@link #grams} of this gram, or -1. */
  int find(long gram) {
    long key = (gram & alphabet.gramMask) << PLACE_BITS;
    int at = Arrays.binarySearch(grams, key);
    at = at < 0 ? -at - 1 : at;
    return at < grams.length && grams[at] >> PLACE_BITS == key >> PLACE_BITS ? at : -1;
  }

  /**
   * The piece of a needle around the gram that ends before {@code end} which is a match, the
   * longest of them; or null.
   *
   * @param low where the view begins
   * @param high where it ends
   */
  @Nullable Run longest(byte[] view, int low, int end, int high, long gram) {
    Run best = null;
    for (Run run : runs(view, low, end, high, gram)) {
      if (run.matches() && (best == null || run.end - run.start > best.end - best.start)) {
        best = run;
      }
    }
    return best;
  }

  /**
   * Where the characters at the end of a view begin that may go on to become a match: {@code high}
   * when there are none.
   */
  int open(byte[] view, int low, int high) {
    if (needles.length == 0) {
      return high;
    }
    long gram = 0;
    int n = 0;
    int at = high;
    while (n < alphabet.gram
        && (at = alphabet.before(view, Math.max(low, high - SPREAD), at)) >= 0) {
      gram |= (long) alphabet.value(view[at]) << alphabet.bits * n;
      n++;
    }
    if (n < SHORT_GRAM) {
      return high;
    }
    int start = high;
    if (n == alphabet.gram && find(gram) >= 0) {
      for (Run run : runs(view, low, high, high, gram)) {
        if (run.open) {
          start = Math.min(start, run.start);
        }
      }
      return start;
    }
    if (!hasShort(gram)) {
      return high;
    }
    return alphabet.back(view, low, high, alphabet.gram - 1);
  }

  /**
   * Whether a piece of a needle may lie across something that only separates, from {@code at} to
   * {@code after}. A match across it has four characters on one of its sides; when both fours are
   * in no needle, there is none.
   */
  boolean across(byte[] view, int low, int at, int after, int high) {
    long before = 0;
    int n = 0;
    for (int i = at - 1; i >= low && n < SHORT_GRAM; i--) {
      if (Unescape.starts(view[i] & 0xFF) || at - i > NEAR) {
        return true;
      }
      int value = alphabet.value(view[i]);
      if (value >= 0) {
        before |= (long) value << alphabet.bits * n++;
      }
    }
    if (n == SHORT_GRAM && hasShort(before)) {
      return true;
    }
    long behind = 0;
    n = 0;
    for (int i = after; n < SHORT_GRAM; i++) {
      if (i >= high || Unescape.starts(view[i] & 0xFF) || i - after > NEAR) {
        return true;
      }
      int value = alphabet.value(view[i]);
      if (value >= 0) {
        behind = behind << alphabet.bits | value;
        n++;
      }
    }
    return hasShort(behind);
  }

  private boolean hasShort(long gram) {
    return get(shortBits, hash(gram & shortMask(), shortShift))
        && get(shortBits, hash((gram & shortMask()) * SECOND, shortShift));
  }

  private static boolean get(long[] bits, int hash) {
    return (bits[hash >> 6] & 1L << hash) != 0;
  }

  private List<Run> runs(byte[] view, int low, int end, int high, long gram) {
    int first = find(gram);
    if (first < 0) {
      return List.of();
    }
    int start = alphabet.back(view, Math.max(low, end - SPREAD), end, alphabet.gram);
    int last = alphabet.before(view, start, end);
    if (!holds(view, start, end, gram)) {
      return List.of();
    }
    List<Run> runs = new java.util.ArrayList<>(1);
    long key = gram & alphabet.gramMask;
    for (int i = first; i < grams.length && (grams[i] >>> PLACE_BITS) == key; i++) {
      runs.add(around(view, low, start, last, high, (int) grams[i] & (1 << PLACE_BITS) - 1));
    }
    return runs;
  }

  /** Whether the characters from start to end are the gram: too few of them are not. */
  private boolean holds(byte[] view, int start, int end, long gram) {
    long seen = 0;
    int n = 0;
    for (int i = start; i < end; i++) {
      int value = alphabet.value(view[i]);
      if (value >= 0) {
        seen = seen << alphabet.bits | value;
        n++;
      }
    }
    return n == alphabet.gram && seen == (gram & alphabet.gramMask);
  }

  private Run around(byte[] view, int low, int first, int last, int high, int place) {
    int found = Arrays.binarySearch(starts, place);
    int which = found >= 0 ? found : -found - 2;
    int from = place;
    int start = first;
    int bound = Math.max(low, last - SPREAD);
    while (from > starts[which]) {
      int at = alphabet.before(view, bound, start);
      if (at < 0 || alphabet.value(view[at]) != (chars[from - 1] & 0xFF)) {
        break;
      }
      start = at;
      from--;
    }
    int to = place + alphabet.gram;
    int end = last + 1;
    boolean open = false;
    for (int i = end, far = start + 2 * SPREAD; to < starts[which + 1]; i++) {
      if (i >= high || i >= far) {
        open = i >= high;
        break;
      }
      int value = alphabet.value(view[i]);
      if (value >= 0) {
        if (value != (chars[to] & 0xFF)) {
          break;
        }
        to++;
        end = i + 1;
      }
    }
    int run = 0;
    int best = 0;
    for (int i = from; i < to; i++) {
      run = counts[i] ? run + 1 : 0;
      best = Math.max(best, run);
    }
    return new Run(needles[which], start, end, open, best);
  }
}
