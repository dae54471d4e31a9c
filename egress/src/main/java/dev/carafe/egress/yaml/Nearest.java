package dev.carafe.egress.yaml;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that a mistyped one was meant to be. */
public final class Nearest {
  private Nearest() {}

  /** The known word nearest to this one, when at most a third of the letters differ. */
  public static Optional<String> to(String word, Collection<String> known) {
    String typed = word.toLowerCase(Locale.ROOT);
    int best = Math.max(1, Math.min(word.length(), 30) / 3) + 1;
    String nearest = null;
    for (String candidate : known) {
      // A word that is much longer is another one, and need not be compared.
      if (Math.abs(candidate.length() - typed.length()) < best) {
        int edits = edits(typed, candidate.toLowerCase(Locale.ROOT));
        if (edits < best) {
          best = edits;
          nearest = candidate;
        }
      }
    }
    return Optional.ofNullable(nearest);
  }

  /** Letters added, dropped, changed, or swapped with their neighbour; three rows are enough. */
  private static int edits(String from, String to) {
    int[] beforeLast = new int[to.length() + 1];
    int[] last = new int[to.length() + 1];
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] free = beforeLast;
      beforeLast = last;
      last = row;
      row = free;
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        char a = from.charAt(i - 1);
        char b = to.charAt(j - 1);
        int cost = last[j - 1] + (a == b ? 0 : 1);
        cost = Math.min(cost, 1 + Math.min(last[j], row[j - 1]));
        if (i > 1 && j > 1 && a == to.charAt(j - 2) && b == from.charAt(i - 2)) {
          cost = Math.min(cost, beforeLast[j - 2] + 1);
        }
        row[j] = cost;
      }
    }
    return row[to.length()];
  }
}
