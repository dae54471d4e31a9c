package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;

/** The words that say where to look closer, in eight buckets for {@link Sieve}. Immutable. */
final class Keywords {
  private static final int BUCKETS = 8;

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
        if (score > most) {
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
    // Words that look alike share a bucket: then its masks stay narrow.
    List<Keyword> sorted = new ArrayList<>(keywords);
    sorted.sort(
        java.util.Comparator.comparing(k -> (k.anchorEnd() - k.anchor < 4 ? "1" : "0") + word(k)));
    for (int i = 0; i < sorted.size(); i++) {
      int bucket = (int) ((long) i * BUCKETS / sorted.size());
      Keyword keyword = sorted.get(i);
      filling.get(bucket).add(keyword);
      int length = keyword.anchorEnd() - keyword.anchor;
      for (int place = 0; place < 4; place++) {
        int index = keyword.anchor + place - (4 - length);
        for (int b = 0; b < 256; b++) {
          if (place < 4 - length || keyword.same((byte) b, keyword.bytes[index])) {
            masks[b] |= 1 << 8 * place + bucket;
          }
        }
      }
    }
    buckets = filling.stream().map(List::copyOf).toList();
  }

  private static String word(Keyword k) {
    return new String(
        k.bytes, k.anchor, k.anchorEnd() - k.anchor, java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  /** For each of the last four places a byte of bits: the buckets whose word has the byte there. */
  int mask(int b) {
    return masks[b];
  }

  List<Keyword> bucket(int bucket) {
    return buckets.get(bucket);
  }
}
