package dev.carafe.egress.routes;

import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads one route whose form has been checked, and says what makes no sense in it. */
final class RouteReader {
  private final Problems problems;
  private final MatchReader matches;
  private final AuthReader credentials;
  private final Path file;

  RouteReader(Path file, AuthReader credentials, Problems problems) {
    this.file = file;
    this.problems = problems;
    this.matches = new MatchReader(problems);
    this.credentials = credentials;
  }

  /** The route; empty when its host cannot be read. */
  Optional<DeclaredRoute> route(Fields fields) {
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
    Optional<DeclaredAuth> auth = fields.fields("auth").flatMap(credentials::read);
    Optional<Fields> dlp = fields.fields("dlp");
    int port = fields.whole("port").map(Long::intValue).orElse(0);
    return host.map(
        pattern ->
            new DeclaredRoute(
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
                auth,
                file,
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
