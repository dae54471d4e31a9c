package dev.carafe.egress.scan;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Which bytes of a secret everybody knows, so that a piece made of them is no sign of the secret:
 * the header of a JWT, the armour of a PEM key, the words of a document around its keys, the
 * address in a URL around its password. The whole secret is a match nevertheless.
 */
final class PublicParts {
  /** A word of a document shorter than this is taken for prose. */
  private static final int KEY_LIKE = 16;

  private PublicParts() {}

  static boolean[] of(byte[] secret) {
    boolean[] known = new boolean[secret.length];
    String text = new String(secret, StandardCharsets.ISO_8859_1);
    if (text.startsWith("eyJ") && text.indexOf('.') > 0) {
      Arrays.fill(known, 0, text.indexOf('.') + 1, true);
    } else if (text.indexOf('\n') >= 0 || text.startsWith("{") || text.contains("://")) {
      Arrays.fill(known, true);
      words(text, known);
      int user = text.indexOf("://");
      int at = text.indexOf('@', Math.max(0, user));
      int colon = text.indexOf(':', user + 3);
      if (user >= 0 && colon > user && at > colon) {
        Arrays.fill(known, colon + 1, at, false);
      }
    }
    return known;
  }

  /** Long words with digits and letters in them are what the document keeps secret. */
  private static void words(String text, boolean[] known) {
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i < text.length() && part(text.charAt(i))) {
        continue;
      }
      String word = text.substring(start, i);
      boolean digit = word.chars().anyMatch(c -> c >= '0' && c <= '9');
      boolean letter = word.chars().anyMatch(Character::isLetter);
      if (word.length() >= KEY_LIKE && digit && letter) {
        // A line break between two such words does not separate them: PEM breaks its lines.
        boolean joined = start > 1 && text.charAt(start - 1) == '\n' && !known[start - 2];
        Arrays.fill(known, joined ? start - 1 : start, i, false);
      }
      start = i + 1;
    }
  }

  private static boolean part(char c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || c == '+'
        || c == '/'
        || c == '='
        || c == '_'
        || c == '-';
  }
}
