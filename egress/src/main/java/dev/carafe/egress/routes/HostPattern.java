package dev.carafe.egress.routes;

/**
 * A host name, or {@code *.} and a name, which stands for that name with one or more labels before
 * it. Lower case, A-labels.
 */
public record HostPattern(String text) {

  /** Whether a host, lower case without a final dot, is meant. */
  public boolean matches(String host) {
    if (text.startsWith("*.")) {
      return host.length() > text.length() - 1 && host.endsWith(text.substring(1));
    }
    return text.equals(host);
  }
}
