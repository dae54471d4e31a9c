package dev.carafe.egress.routes;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that a routes file says, as it was declared: no secret has been fetched, and no certificate
 * read.
 *
 * @param allow addresses that are refused otherwise and may be dialled
 * @param authorities absolute paths of PEM files with certificates that are trusted upstream
 * @param log 0: the audit keeps no requests, 1: blocked and failed ones, 2: all; empty: nothing is
 *     said
 */
public record DeclaredRoutes(
    List<DeclaredRoute> routes, List<Cidr> allow, List<Path> authorities, Optional<Integer> log) {

  public DeclaredRoutes {
    routes = List.copyOf(routes);
    allow = List.copyOf(allow);
    authorities = List.copyOf(authorities);
  }

  /** Whether both say the same, wherever they were declared. */
  public boolean sameAs(DeclaredRoutes other) {
    if (routes.size() != other.routes.size()
        || !allow.equals(other.allow)
        || !authorities.equals(other.authorities)
        || !log.equals(other.log)) {
      return false;
    }
    for (int i = 0; i < routes.size(); i++) {
      if (!routes.get(i).sameAs(other.routes.get(i))) {
        return false;
      }
    }
    return true;
  }
}
