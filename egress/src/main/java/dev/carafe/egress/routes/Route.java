package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;
import java.util.List;
import java.util.Optional;

/**
 * One allowed destination.
 *
 * @param port 0: 443 for https and 80 for http
 * @param matches one of them must hold; empty: everything is allowed
 * @param outbound what is done when something that may not leave is found
 * @param git fetching is allowed, and nothing else that git does
 * @param passThrough TLS is not ended here: nothing is read, matched or added
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
    int line) {

  /** Whether a connection to this port is covered. */
  public boolean covers(String host, int port, boolean tls) {
    int expected = this.port != 0 ? this.port : tls ? 443 : 80;
    return port == expected && this.host.matches(host);
  }
}
