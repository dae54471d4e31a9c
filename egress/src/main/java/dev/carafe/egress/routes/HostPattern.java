package dev.carafe.egress.routes;

import com.google.common.net.InternetDomainName;
import java.net.IDN;
import java.util.Locale;

/**
 * A host name, or {@code *.} and a name, which stands for that name with one or more labels before
 * it. Lower case, A-labels. {@link #of} checks what people write; the constructor takes it as it
 * is.
 */
public record HostPattern(String text) {
  private static final int MOST_LENGTH = 253;

  /** What IDNA 2003 and 2008 turn into different names: sharp s, final sigma, the two joiners. */
  private static final String AMBIGUOUS = "\u00df\u03c2\u200c\u200d";

  /**
   * Reads a pattern as it is written in a routes file; letters beyond ASCII become A-labels.
   *
   * @throws IllegalArgumentException with a sentence
   */
  public static HostPattern of(String written) {
    if (written.equals("*")) {
      throw new IllegalArgumentException(
          "'*' would allow every host; name the hosts that are meant");
    }
    boolean wild = written.startsWith("*.");
    String name = wild ? written.substring(2) : written;
    refuseWhatIsNoName(name);
    String ascii = toAscii(name.toLowerCase(Locale.ROOT));
    checkLabels(ascii);
    if (wild) {
      checkSuffix(ascii);
    }
    return new HostPattern(wild ? "*." + ascii : ascii);
  }

  private static void refuseWhatIsNoName(String name) {
    if (name.contains("://")) {
      throw new IllegalArgumentException(
          "a host is written without 'https://' and without a path, as api.example.com");
    }
    if (name.contains("/") || name.contains("?")) {
      throw new IllegalArgumentException("a host has no path; paths belong to 'matches'");
    }
    if (name.contains("*")) {
      throw new IllegalArgumentException(
          "'*' can only stand for first labels, as in *.example.com");
    }
    if (name.contains("@")) {
      throw new IllegalArgumentException("a host has no user; credentials belong to 'auth'");
    }
    if (name.startsWith("[") || name.indexOf(':') != name.lastIndexOf(':')) {
      throw ipAddress();
    }
    if (name.contains(":")) {
      throw new IllegalArgumentException("a host has no port; write it as 'port' beside it");
    }
    if (name.endsWith(".")) {
      throw new IllegalArgumentException("the dot at the end of the host is to be left out");
    }
    for (int i = 0; i < AMBIGUOUS.length(); i++) {
      if (name.indexOf(AMBIGUOUS.charAt(i)) >= 0) {
        throw new IllegalArgumentException(
            "the host has a letter (ß, ς or a joiner) that programs turn into different names; write"
                + " the form that starts with xn--");
      }
    }
  }

  private static String toAscii(String name) {
    try {
      return IDN.toASCII(name, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "this is no host name: labels of letters, digits and hyphens, with dots between them");
    }
  }

  private static void checkLabels(String name) {
    String[] labels = name.split("\\.", -1);
    for (String label : labels) {
      if (!label.matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")) {
        throw new IllegalArgumentException(
            "this is no host name: labels of letters, digits and hyphens, with dots between them");
      }
    }
    if (name.length() > MOST_LENGTH) {
      throw new IllegalArgumentException("the host is longer than " + MOST_LENGTH + " characters");
    }
    // Resolvers take such names for addresses: 127.1, 0x7f000001, 2130706433.
    if (labels[labels.length - 1].matches("[0-9]+|0x[0-9a-f]*")) {
      throw ipAddress();
    }
  }

  private static IllegalArgumentException ipAddress() {
    return new IllegalArgumentException(
        "this is an IP address; routes name hosts, since certificates are checked against names");
  }

  private static void checkSuffix(String suffix) {
    if (!suffix.contains(".")) {
      throw new IllegalArgumentException(
          "'*."
              + suffix
              + "' would allow a whole top-level domain; name one with two labels at least");
    }
    if (InternetDomainName.from(suffix).isPublicSuffix()) {
      throw new IllegalArgumentException(
          "under "
              + suffix
              + " anybody can have a name, so '*."
              + suffix
              + "' would allow hosts of anybody");
    }
  }

  /** Whether it stands for several hosts. */
  public boolean wild() {
    return text.startsWith("*.");
  }

  /** Whether a host, lower case without a final dot, is meant. */
  public boolean matches(String host) {
    if (wild()) {
      return host.length() > text.length() - 1 && host.endsWith(text.substring(1));
    }
    return text.equals(host);
  }

  @Override
  public String toString() {
    return text;
  }
}
