package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;
import java.util.List;
import java.util.Optional;

/**
 * One allowed destination.
 *
 * @param port 0: 443 for https and 80 for http; another one is for both
 * @param matches one of them must hold; empty: everything is allowed
 * @param outbound what is done when something that may not leave is found
 * @param git fetching is allowed, and nothing else that git does
 * @param passThrough TLS is not ended here: nothing is read, matched or added
 * @param entropy text that looks random is looked for in what leaves, too
 * @param cleartext the credential may also be sent without TLS
 * @param line where it is in the routes file
 */
public record Route(
    HostPattern host,
    int port,
    List<Match> matches,
    Optional<Auth> auth,
    OnMatch outbound,
    Inbound inbound,
    boolean git,
    boolean passThrough,
    boolean entropy,
    boolean cleartext,
    int line) {

  public Route {
    matches = List.copyOf(matches);
  }

  /** A route that neither looks at entropy nor sends its credential without TLS. */
  public Route(
      HostPattern host,
      int port,
      List<Match> matches,
      Optional<Auth> auth,
      OnMatch outbound,
      Inbound inbound,
      boolean git,
      boolean passThrough,
      int line) {
    this(host, port, matches, auth, outbound, inbound, git, passThrough, false, false, line);
  }

  /** Whether a connection to this port is meant, whatever else the route asks for. */
  public boolean covers(String host, int port, boolean tls) {
    return coversPort(port, tls) && this.host.matches(host);
  }

  boolean coversPort(int port, boolean tls) {
    return port == (this.port != 0 ? this.port : tls ? 443 : 80);
  }
}
