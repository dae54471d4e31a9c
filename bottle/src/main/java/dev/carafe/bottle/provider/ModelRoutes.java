package dev.carafe.bottle.provider;

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
import java.util.stream.Stream;

/**
 * Makes the routes that a provider brings. What may not leave is overwritten there, and not
 * refused: a conversation that quotes what looks like a secret is sent again with every request,
 * and would never get through any more.
 */
public final class ModelRoutes {
  private ModelRoutes() {}

  /**
   * A host with a credential in {@code Authorization: Bearer}.
   *
   * @param provider whose route it is, for messages
   * @param prefixes the paths that are meant, with what is below them; all paths if there are none
   */
  public static DeclaredRoute bearer(
      String provider, String host, SecretReference credential, String... prefixes) {
    return route(
        provider,
        host,
        0,
        Optional.of(auth("authorization", "Bearer ", credential)),
        below(prefixes));
  }

  /** A host with a bare credential in a header, whose name has small letters. */
  public static DeclaredRoute header(
      String provider, String host, String header, SecretReference credential, String... prefixes) {
    return route(provider, host, 0, Optional.of(auth(header, "", credential)), below(prefixes));
  }

  /** A host without a credential. */
  public static DeclaredRoute open(String provider, String host, String... prefixes) {
    return route(provider, host, 0, Optional.empty(), below(prefixes));
  }

  /**
   * A host that packages are fetched from, and nothing is given to.
   *
   * @param port -1 or 0: those of https and http
   */
  static DeclaredRoute fetching(String host, int port) {
    List<Match> reading =
        Stream.of("GET", "HEAD")
            .map(method -> new Match(Optional.empty(), Optional.of(method), List.of()))
            .toList();
    return route("of packages", host, Math.max(0, port), Optional.empty(), reading);
  }

  private static DeclaredAuth auth(String header, String prefix, SecretReference credential) {
    return new DeclaredAuth(header, prefix, credential, Position.NOWHERE);
  }

  private static List<Match> below(String... prefixes) {
    return Arrays.stream(prefixes)
        .map(
            prefix ->
                new Match(Optional.of(new PathMatch.Prefix(prefix)), Optional.empty(), List.of()))
        .toList();
  }

  private static DeclaredRoute route(
      String provider, String host, int port, Optional<DeclaredAuth> auth, List<Match> matches) {
    Route route =
        new Route(
            HostPattern.of(host),
            port,
            matches,
            Optional.empty(),
            OnMatch.REDACT,
            new Inbound(OnMatch.OFF),
            false,
            false,
            0);
    // Messages begin with the file: there is none, so they begin with the provider.
    return new DeclaredRoute(route, auth, Path.of("the provider " + provider), Position.NOWHERE);
  }
}
