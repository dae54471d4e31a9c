package dev.carafe.egress.proxy;

import java.util.Locale;

/**
 * A server's name and port, in one spelling: lower case, A-labels, no final dot. Numbers that stand
 * for an address are no name.
 */
record HostPort(String host, int port) {

  /**
   * Reads {@code host} or {@code host:port}.
   *
   * @param port what no port means; 0 if there must be one
   */
  static HostPort parse(String text, int port) throws Refused {
    int colon = text.lastIndexOf(':');
    String host = text;
    boolean several = text.indexOf(':') != colon;
    if (text.startsWith("[") || several && text.matches("[0-9A-Fa-f:.]+")) {
      throw Refused.denied("an address is no host name; routes go by name");
    }
    if (several) {
      throw Refused.malformed("the host name is not clear");
    }
    if (colon >= 0) {
      host = text.substring(0, colon);
      String digits = text.substring(colon + 1);
      if (!digits.matches("[1-9][0-9]{0,4}")) {
        throw Refused.malformed("the port is not clear");
      }
      port = Integer.parseInt(digits);
    }
    if (port < 1 || port > 65535) {
      throw Refused.malformed("the port is not clear");
    }
    return new HostPort(name(host), port);
  }

  /** Checks a name and brings it into its one spelling. */
  static String name(String text) throws Refused {
    String host = text.toLowerCase(Locale.ROOT);
    if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    if (host.isEmpty() || host.length() > 253) {
      throw Refused.malformed("the host name is not clear");
    }
    String last = host;
    for (String label : host.split("\\.", -1)) {
      if (!label.matches("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")) {
        throw Refused.malformed("the host name is not clear");
      }
      last = label;
    }
    // What begins with a digit in its last label is an address to some: 127.1, 0x7f000001.
    if (last.matches("[0-9]+|0x[0-9a-f]*")) {
      throw Refused.denied("an address is no host name; routes go by name");
    }
    return host;
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
