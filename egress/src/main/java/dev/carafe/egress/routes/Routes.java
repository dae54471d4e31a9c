package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Secret;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** All that a bottle may reach. Immutable. */
public final class Routes {
  private static final Routes NONE = new Routes(List.of());

  private final List<Route> all;

  private Routes(List<Route> all) {
    this.all = List.copyOf(all);
  }

  /** Nothing is allowed. */
  public static Routes none() {
    return NONE;
  }

  /** These are allowed. */
  public static Routes of(List<Route> routes) {
    return new Routes(routes);
  }

  /** The route to a host, lower case; the first that covers it, exact names before others. */
  public Optional<Route> find(String host, int port, boolean tls) {
    return all.stream()
        .filter(route -> route.covers(host, port, tls))
        .sorted((a, b) -> Boolean.compare(wild(a), wild(b)))
        .findFirst();
  }

  private static boolean wild(Route route) {
    return route.host().text().startsWith("*.");
  }

  /** In the order of the file. */
  public List<Route> all() {
    return all;
  }

  /** The credentials of all routes. */
  public Collection<Secret> secrets() {
    return all.stream().flatMap(route -> route.auth().stream()).map(Auth::secret).toList();
  }
}
