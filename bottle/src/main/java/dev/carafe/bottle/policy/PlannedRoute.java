package dev.carafe.bottle.policy;

import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.HeaderMatch;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.routes.PathMatch;
import dev.carafe.egress.yaml.Position;
import java.util.List;
import java.util.Optional;

/**
 * A route as it is shown before a launch. Nothing in it is secret.
 *
 * @param host a name, or {@code *.} and a name
 * @param port 0: 443 and 80
 * @param requests which requests, for people: {@code "GET /v1 and below"}; empty: all
 * @param git whether git may fetch
 * @param passThrough whether TLS is handed through unread
 * @param scheme how the credential is sent: {@code bearer}, {@code token}, {@code basic}, or the
 *     header that carries it; empty: there is none
 * @param credential where it comes from, never what it is
 * @param provider whether the provider brings the route
 * @param from who declared it: a file with line and column, or the provider
 * @param replaces where routes of the manifest are declared whose place it takes
 */
public record PlannedRoute(
    String host,
    int port,
    List<String> requests,
    boolean git,
    boolean passThrough,
    Optional<String> scheme,
    Optional<String> credential,
    boolean provider,
    String from,
    List<String> replaces) {

  public PlannedRoute {
    requests = List.copyOf(requests);
    replaces = List.copyOf(replaces);
  }

  static PlannedRoute of(DeclaredRoute declared, boolean provider, List<DeclaredRoute> replaced) {
    return new PlannedRoute(
        declared.route().host().text(),
        declared.route().port(),
        declared.route().matches().stream().map(PlannedRoute::request).toList(),
        declared.route().git(),
        declared.route().passThrough(),
        declared
            .auth()
            .map(
                auth ->
                    switch (auth.prefix()) {
                      case "Bearer " -> "bearer";
                      case "token " -> "token";
                      case "Basic " -> "basic";
                      default -> auth.header();
                    }),
        declared.auth().map(auth -> auth.reference().name()),
        provider,
        place(declared),
        replaced.stream().map(PlannedRoute::place).toList());
  }

  /** Where a route was declared, for messages. */
  static String place(DeclaredRoute route) {
    return route.at().equals(Position.NOWHERE)
        ? route.file().toString()
        : route.file() + ":" + route.at();
  }

  private static String request(Match match) {
    StringBuilder text = new StringBuilder(match.method().orElse("any method"));
    match
        .path()
        .ifPresent(
            path ->
                text.append(' ')
                    .append(
                        switch (path) {
                          case PathMatch.Exact exact -> exact.value();
                          case PathMatch.Prefix prefix -> prefix.value() + " and below";
                          case PathMatch.Expression expression ->
                              "~ " + expression.pattern().pattern();
                        }));
    for (HeaderMatch header : match.headers()) {
      text.append(" with ").append(header.name());
    }
    return text.toString();
  }
}
