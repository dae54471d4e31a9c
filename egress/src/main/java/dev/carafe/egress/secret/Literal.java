package dev.carafe.egress.secret;

import com.google.re2j.Pattern;

/** Knows text that is likely to be a credential itself, where only the name of one belongs. */
public final class Literal {
  /** The beginnings that services give their tokens so that they can be recognised. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?i:bearer|basic|token) +[A-Za-z0-9+/_=.-]{8,}"
              + "|gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|gl[a-z]{2,6}-[A-Za-z0-9_-]{16,}"
              + "|(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}|A[KS]IA[A-Z0-9]{12,}"
              + "|AIza[A-Za-z0-9_-]{20,}|ya29\\.[A-Za-z0-9_-]{10,}|eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}"
              + "|(?:npm|hf|pypi|dop_v1|shpat)[-_][A-Za-z0-9_-]{16,}|SG\\.[A-Za-z0-9_-]{10,}|-----BEGIN ");

  private static final int LONG_RUN = 20;

  private Literal() {}

  /** Whether a word holds what looks like a token. */
  public static boolean holdsToken(String word) {
    return TOKEN.matcher(word).find();
  }

  /** Whether what should be a name looks like a token, also one whose service is not known. */
  public static boolean insteadOfName(String name) {
    return holdsToken(name) || hasRandomRun(name);
  }

  /** Small and capital letters and digits, mixed and long: nobody gives such names. */
  private static boolean hasRandomRun(String text) {
    int length = 0;
    boolean small = false;
    boolean capital = false;
    boolean digit = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean isSmall = c >= 'a' && c <= 'z';
      boolean isCapital = c >= 'A' && c <= 'Z';
      boolean isDigit = c >= '0' && c <= '9';
      if (!isSmall && !isCapital && !isDigit) {
        length = 0;
        small = false;
        capital = false;
        digit = false;
        continue;
      }
      length++;
      small |= isSmall;
      capital |= isCapital;
      digit |= isDigit;
      if (length >= LONG_RUN && digit && (small || capital)) {
        return true;
      }
    }
    return false;
  }
}
