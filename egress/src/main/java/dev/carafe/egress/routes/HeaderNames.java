package dev.carafe.egress.routes;

import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Which names of headers a route may use (RFC 9110, sections 5.1 and 7.6.1). */
final class HeaderNames {
  /** Taken away from what the agent sends. */
  static final Set<String> CREDENTIALS = Set.of("authorization", "cookie", "proxy-authorization");

  /** They are about the connection or the message's length, and the proxy writes them itself. */
  private static final Set<String> OURS =
      Set.of(
          "connection",
          "content-length",
          "expect",
          "host",
          "http2-settings",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private HeaderNames() {}

  /** The name in lower case, when a route may use it. */
  static Optional<String> name(String written, Position at, Problems problems) {
    String name = written.toLowerCase(Locale.ROOT);
    if (!name.matches("[!#$%&'*+.^_`|~0-9a-z-]+")) {
      problems.add(at, "this is no name of a header");
      return Optional.empty();
    }
    if (OURS.contains(name)) {
      problems.add(at, "the header '" + name + "' belongs to the connection, not to a route");
      return Optional.empty();
    }
    return Optional.of(name);
  }
}
