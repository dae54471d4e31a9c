package dev.carafe.egress.scan;

import java.util.Arrays;

/**
 * Notices words that look random: {@value #WINDOW} characters in a row, of those that tokens are
 * made of, with more than {@value #LEAST} bits each. Keys do, and so do checksums, images in base64
 * and compiled code; so this is a hint for people and stops nothing. One thread at a time.
 */
final class Entropy {
  static final int WINDOW = 256;
  static final double LEAST = 5.5;

  private final int[] counts = new int[256];
  private int length;

  /** Whether such a word came to an end in these bytes. */
  boolean feed(byte[] bytes, int from, int to) {
    boolean found = false;
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      if (Alphabet.FOLDED.value(b) < 0 && b != '+' && b != '/' && b != '_' && b != '-') {
        clear();
        continue;
      }
      counts[b & 0xFF]++;
      if (++length == WINDOW) {
        found |= bits() >= LEAST;
        clear();
      }
    }
    return found;
  }

  private void clear() {
    if (length > 0) {
      Arrays.fill(counts, 0);
      length = 0;
    }
  }

  private double bits() {
    double bits = 0;
    for (int count : counts) {
      if (count > 0) {
        double share = (double) count / WINDOW;
        bits -= share * Math.log(share) / Math.log(2);
      }
    }
    return bits;
  }
}
