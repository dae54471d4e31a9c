package dev.carafe.egress.routes;

import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A route as it was declared: its secret has not been fetched.
 *
 * @param route without a credential
 * @param file where it was declared
 * @param at the place of its host in that file
 */
public record DeclaredRoute(Route route, Optional<DeclaredAuth> auth, Path file, Position at) {

  /** With its secret. */
  Route with(Optional<Auth> fetched) {
    return new Route(
        route.host(),
        route.port(),
        route.matches(),
        fetched,
        route.outbound(),
        route.inbound(),
        route.git(),
        route.passThrough(),
        route.entropy(),
        route.cleartext(),
        route.line());
  }

  /** Whether both say the same, wherever they were declared. */
  public boolean sameAs(DeclaredRoute other) {
    boolean sameAuth =
        auth.isPresent() && other.auth.isPresent()
            ? auth.get().sameAs(other.auth.get())
            : auth.isEmpty() && other.auth.isEmpty();
    return sameAuth && anywhere().equals(other.anywhere());
  }

  private Route anywhere() {
    return new Route(
        route.host(),
        route.port(),
        route.matches(),
        Optional.empty(),
        route.outbound(),
        route.inbound(),
        route.git(),
        route.passThrough(),
        route.entropy(),
        route.cleartext(),
        0);
  }

  /**
   * Whether there is a connection that both would be for, so that it would be chance which of them
   * is taken.
   */
  public boolean collidesWith(DeclaredRoute other) {
    return route.host().equals(other.route.host())
        && covered().stream().anyMatch(other.covered()::contains);
  }

  private List<String> covered() {
    return switch (route.port()) {
      case 0 -> List.of("https:443", "http:80");
      default -> List.of("https:" + route.port(), "http:" + route.port());
    };
  }
}
