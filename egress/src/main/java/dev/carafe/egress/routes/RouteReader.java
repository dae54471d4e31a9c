package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads one route whose form has been checked, and says what makes no sense in it. */
final class RouteReader {
  private final Problems problems;
  private final MatchReader matches;
  private final AuthReader credentials;

  RouteReader(Problems problems, AuthReader credentials) {
    this.problems = problems;
    this.matches = new MatchReader(problems);
    this.credentials = credentials;
  }

  /**
   * A route whose secret has not been fetched.
   *
   * @param route without a credential
   */
  record Draft(Route route, Optional<AuthReader.Wanted> wanted, Position at) {

    Route with(Optional<Auth> auth) {
      return new Route(
          route.host(),
          route.port(),
          route.matches(),
          auth,
          route.outbound(),
          route.inbound(),
          route.git(),
          route.passThrough(),
          route.entropy(),
          route.cleartext(),
          route.line());
    }
  }

  /** The route; empty when its host cannot be read. */
  Optional<Draft> route(Fields fields) {
    Optional<HostPattern> host = host(fields);
    List<Match> all = new ArrayList<>();
    for (Node each : fields.items("matches")) {
      if (each instanceof Fields match) {
        matches.match(match).ifPresent(all::add);
      }
    }
    boolean passThrough = fields.text("tls").equals(Optional.of("pass"));
    if (passThrough) {
      refuseWhatCannotBeSeen(fields);
    }
    Optional<AuthReader.Wanted> wanted = fields.fields("auth").flatMap(credentials::read);
    Optional<Fields> dlp = fields.fields("dlp");
    int port = fields.whole("port").map(Long::intValue).orElse(0);
    return host.map(
        pattern ->
            new Draft(
                new Route(
                    pattern,
                    port,
                    all,
                    Optional.empty(),
                    onMatch(dlp, "outbound", passThrough ? OnMatch.OFF : OnMatch.BLOCK),
                    new Inbound(onMatch(dlp, "inbound", OnMatch.OFF)),
                    fields.has("git"),
                    passThrough,
                    dlp.flatMap(d -> d.truth("entropy")).orElse(false),
                    fields.fields("auth").flatMap(a -> a.truth("cleartext")).orElse(false),
                    fields.at().line()),
                wanted,
                fields.at("host")));
  }

  private Optional<HostPattern> host(Fields fields) {
    return fields
        .text("host")
        .flatMap(
            written -> {
              try {
                return Optional.of(HostPattern.of(written));
              } catch (IllegalArgumentException e) {
                problems.add(fields.at("host"), e.getMessage());
                return Optional.empty();
              }
            });
  }

  private void refuseWhatCannotBeSeen(Fields fields) {
    for (String key : List.of("auth", "matches", "dlp", "git")) {
      if (fields.has(key)) {
        problems.add(
            fields.at(key),
            "'"
                + key
                + "' cannot be with 'tls: pass', where what passes is not read; take one of them away");
      }
    }
  }

  private static OnMatch onMatch(Optional<Fields> dlp, String key, OnMatch otherwise) {
    return dlp.flatMap(d -> d.text(key))
        .map(
            word ->
                switch (word) {
                  case "redact" -> OnMatch.REDACT;
                  case "off" -> OnMatch.OFF;
                  default -> OnMatch.BLOCK;
                })
        .orElse(otherwise);
  }
}
