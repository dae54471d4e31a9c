package dev.carafe.bottle.state;

import java.security.SecureRandom;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A bottle's own name, which its machine has too: what people call it, and five random letters or
 * digits, so that it is nobody else's.
 */
public final class Slug {
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final int RANDOM = 5;
  private static final int MOST = 40;
  private static final Pattern VALID =
      Pattern.compile("[a-z0-9](?:[a-z0-9]|-(?!-)){0,44}-[a-z0-9]{" + RANDOM + "}");
  private static final SecureRandom SOURCE = new SecureRandom();

  private Slug() {}

  /** One that was never used. */
  public static String of(String label) {
    StringBuilder slug = new StringBuilder(plain(label)).append('-');
    for (int i = 0; i < RANDOM; i++) {
      slug.append(LETTERS.charAt(SOURCE.nextInt(LETTERS.length())));
    }
    return slug.toString();
  }

  /** Whether it can be one; what cannot is never made a path. */
  public static boolean valid(String text) {
    return VALID.matcher(text).matches();
  }

  /** Whether a machine may have that name. */
  public static boolean machine(String text) {
    return text.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,127}");
  }

  /** What somebody has given as one, fit to be shown. */
  public static String shown(String text) {
    String cut = text.length() > MOST ? text.substring(0, MOST) + "…" : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  /** Small letters, digits, and single hyphens between them; {@code bottle} if nothing is left. */
  private static String plain(String label) {
    String plain =
        label.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+", "");
    plain = plain.substring(0, Math.min(plain.length(), MOST)).replaceAll("-+$", "");
    return plain.isEmpty() ? "bottle" : plain;
  }
}
