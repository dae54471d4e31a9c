package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;

/** The words that say where to look closer, in eight buckets for {@link Sieve}. Immutable. */
final class Keywords {
  private static final int BUCKETS = 8;

  /** So many of them have the words of three bytes. */
  private static final int THREES = 3;

  /** No word. */
  static final Keywords NONE = new Keywords(List.of());

  private final int[] masks = new int[256];
  private final List<List<Keyword>> buckets;

  /** Who is asked about a word that stands somewhere. */
  sealed interface Owner permits TokenPattern, Packed.Kind {}

  /**
   * A word of at least three bytes.
   *
   * @param bytes lower case, when the case does not matter
   * @param anyCase whether letters match in both cases
   * @param anchor where its three or four rarest bytes begin
   * @param owner who is asked about it
   */
  record Keyword(byte[] bytes, boolean anyCase, int anchor, Owner owner) {
    static Keyword of(byte[] bytes, boolean anyCase, Owner owner) {
      int best = 0;
      int most = -1;
      for (int i = 0; i == 0 || i + 4 <= bytes.length; i++) {
        int score = 0;
        for (int j = i; j < Math.min(bytes.length, i + 4); j++) {
          score += rarity(bytes[j]) - (j > i && bytes[j] == bytes[j - 1] ? 3 : 0);
        }
        // Of equals the last: the beginnings of words are more common than their middles.
        if (score >= most) {
          most = score;
          best = i;
        }
      }
      return new Keyword(bytes, anyCase, best, owner);
    }

    private static int rarity(int b) {
      if (b >= 'a' && b <= 'z' || b == ' ') {
        return 1;
      }
      return b == '-' || b == '.' || b == '/' ? 2 : b == '_' ? 4 : 3;
    }

    /** Bytes of the word up to the end of its rarest ones. */
    int anchorEnd() {
      return Math.min(bytes.length, anchor + 4);
    }

    /** Whether a byte may be at one of the four places whose last is the end of the rarest ones. */
    private boolean fits(int place, byte b) {
      int index = anchorEnd() - 4 + place;
      return index < anchor || same(b, bytes[index]);
    }

    /** Whether the word stands there, and ends before {@code high}. */
    boolean standsAt(byte[] view, int at, int high) {
      if (at + bytes.length > high) {
        return false;
      }
      for (int i = 0; i < bytes.length; i++) {
        if (!same(view[at + i], bytes[i])) {
          return false;
        }
      }
      return true;
    }

    private boolean same(byte seen, byte wanted) {
      return seen == wanted
          || anyCase && wanted >= 'a' && wanted <= 'z' && seen == wanted - 'a' + 'A';
    }
  }

  Keywords(List<Keyword> keywords) {
    List<List<Keyword>> filling = new ArrayList<>();
    for (int i = 0; i < BUCKETS; i++) {
      filling.add(new ArrayList<>());
    }
    // Each goes where it lets the fewest other words through; those of three bytes, which let any
    // byte stand before them, keep to themselves.
    int[][] width = new int[BUCKETS][4];
    for (Keyword keyword : keywords) {
      int best = 0;
      double least = Double.MAX_VALUE;
      boolean three = keyword.anchorEnd() - keyword.anchor() < 4;
      for (int bucket = three ? 0 : THREES; bucket < (three ? THREES : BUCKETS); bucket++) {
        double cost = passing(width[bucket], bucket, keyword) - product(width[bucket]);
        if (cost < least) {
          least = cost;
          best = bucket;
        }
      }
      filling.get(best).add(keyword);
      for (int place = 0; place < 4; place++) {
        for (int b = 0; b < 256; b++) {
          int bit = 1 << 8 * place + best;
          if (keyword.fits(place, (byte) b) && (masks[b] & bit) == 0) {
            masks[b] |= bit;
            width[best][place] += weight(b);
          }
        }
      }
    }
    buckets = filling.stream().map(List::copyOf).toList();
  }

  /** How many words of four bytes a bucket would let through with one more keyword. */
  private double passing(int[] width, int bucket, Keyword keyword) {
    double product = 1;
    for (int place = 0; place < 4; place++) {
      int more = 0;
      for (int b = 0; b < 256; b++) {
        boolean there = (masks[b] & 1 << 8 * place + bucket) != 0;
        more += !there && keyword.fits(place, (byte) b) ? weight(b) : 0;
      }
      product *= width[place] + more;
    }
    return product;
  }

  /** How common a byte is, roughly: text is mostly small letters. */
  private static int weight(int b) {
    return b >= 'a' && b <= 'z' ? 4 : 1;
  }

  private static double product(int[] width) {
    return (double) width[0] * width[1] * width[2] * width[3];
  }

  /** For each of the last four places a byte of bits: the buckets whose word has the byte there. */
  int mask(int b) {
    return masks[b];
  }

  List<Keyword> bucket(int bucket) {
    return buckets.get(bucket);
  }
}
