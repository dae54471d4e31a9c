package dev.carafe.cli;

import java.util.Collection;

/** "Did you mean": the known word nearest to a mistyped one. */
final class Suggestion {
  private Suggestion() {}

  /** A hint that names the nearest word when one is near, and ends with {@code otherwise}. */
  static String hint(String word, Collection<String> known, String otherwise) {
    String best = null;
    // More than a third of the letters wrong is another word.
    int nearest = Math.max(1, word.length() / 3) + 1;
    for (String candidate : known) {
      // An option written out is near too, however many letters it has more: --memory for --mem.
      boolean longer = candidate.length() >= 5 && word.startsWith(candidate);
      int distance = longer ? 1 : distance(word, candidate);
      if (distance < nearest) {
        nearest = distance;
        best = candidate;
      }
    }
    return best == null ? otherwise : "Did you mean '" + best + "'? " + otherwise;
  }

  /** How many letters must be added, taken away, changed or swapped with their neighbour. */
  private static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least = Math.min(cost[i - 1][j], cost[i][j - 1]) + 1;
        least = Math.min(least, cost[i - 1][j - 1] + (same ? 0 : 1));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        cost[i][j] = swapped ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
      }
    }
    return cost[a.length()][b.length()];
  }
}
