package dev.carafe.bottle.policy;

import dev.carafe.bottle.manifest.EgressPolicy;
import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.DeclaredAuth;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.HostPattern;
import dev.carafe.egress.routes.Inbound;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.routes.PathMatch;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Routes of a provider and of a manifest. */
final class PolicyFixture {
  static final Path FILE = Path.of("/config/web.md");

  private PolicyFixture() {}

  static DeclaredRoute provided(String host, DeclaredAuth auth) {
    return route(host, 0, Optional.of(auth), Path.of("the provider claude"), Position.NOWHERE);
  }

  static DeclaredRoute declared(String host, int port) {
    return route(host, port, Optional.empty(), FILE, new Position(7, 5));
  }

  static DeclaredRoute declared(String host, DeclaredAuth auth) {
    return route(host, 0, Optional.of(auth), FILE, new Position(7, 5));
  }

  static DeclaredAuth bearer(SecretReference reference) {
    return new DeclaredAuth("authorization", "Bearer ", reference, Position.NOWHERE);
  }

  static DeclaredAuth basic(SecretReference reference) {
    return new DeclaredAuth("authorization", "Basic ", reference, Position.NOWHERE);
  }

  static SecretReference variable(String name) {
    return new SecretReference.Variable(name);
  }

  static EgressPolicy manifest(DeclaredRoute... routes) {
    return new EgressPolicy(
        Arrays.asList(routes),
        List.of(Cidr.of("10.0.0.0/8")),
        List.of(Path.of("/etc/ca.pem")),
        Optional.of(1));
  }

  private static DeclaredRoute route(
      String host, int port, Optional<DeclaredAuth> auth, Path file, Position at) {
    Match match =
        new Match(Optional.of(new PathMatch.Prefix("/v1")), Optional.of("GET"), List.of());
    return new DeclaredRoute(
        new Route(
            HostPattern.of(host),
            port,
            List.of(match),
            Optional.empty(),
            OnMatch.BLOCK,
            new Inbound(OnMatch.OFF),
            false,
            false,
            7),
        auth,
        file,
        at);
  }
}
