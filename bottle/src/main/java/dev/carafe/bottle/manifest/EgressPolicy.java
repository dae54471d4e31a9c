package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.DeclaredRoute;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a bottle may reach, and how much of that is written down.
 *
 * @param routes their secrets have not been fetched
 * @param allow addresses that are refused otherwise and may be dialled
 * @param authorities files with certificates that are trusted upstream besides the host's own
 * @param log 0: no requests, 1: blocked and failed ones, 2: all; empty if no file says
 */
public record EgressPolicy(
    List<DeclaredRoute> routes, List<Cidr> allow, List<Path> authorities, Optional<Integer> log) {
  /** Nothing may be reached. */
  public static final EgressPolicy NOTHING =
      new EgressPolicy(List.of(), List.of(), List.of(), Optional.empty());

  public EgressPolicy {
    routes = List.copyOf(routes);
    allow = List.copyOf(allow);
    authorities = List.copyOf(authorities);
  }
}
