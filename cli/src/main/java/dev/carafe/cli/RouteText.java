package dev.carafe.cli;

import dev.carafe.egress.routes.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** Routes as people and programs read them. */
final class RouteText {
  /**
   * A route, and the credential that goes with it.
   *
   * @param secret what the secret is called; nothing of the secret itself
   */
  record Row(Route route, Optional<Credential> credential) {}

  /**
   * @param prefix what stands before the secret in the header
   */
  record Credential(String header, String prefix, String secret) {}

  private RouteText() {}

  /** A table with a heading; nothing when there are no routes. */
  static String table(List<Row> routes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("HOST", "PORT", "REQUESTS", "OUTBOUND", "INBOUND", "GIT", "TLS", "CREDENTIAL"));
    for (Row row : routes) {
      Route route = row.route();
      int matches = route.matches().size();
      rows.add(
          List.of(
              route.host().text(),
              ports(route.port()),
              matches == 0 ? "all" : matches == 1 ? "1 match" : matches + " matches",
              word(route.outbound()),
              route.passThrough() ? "off" : word(route.inbound().onMatch()),
              route.git() ? "fetch" : "no",
              route.passThrough() ? "pass" : "intercept",
              row.credential().map(RouteText::shown).orElse("none")));
    }
    return rows.size() > 1 ? Text.table(rows) : "";
  }

  /** How many there are, and what that means. */
  static String count(int routes) {
    return routes + (routes == 1 ? " route; " : " routes; ") + "everything else is refused.\n";
  }

  /** What the audit keeps at a level, from 0 to 2. */
  static String kept(int log) {
    return List.of("no requests", "blocked and failed requests", "all requests").get(log);
  }

  private static String shown(Credential credential) {
    return credential.header() + ": " + credential.prefix() + "<" + credential.secret() + ">";
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** The ports of a route for people. */
  static String ports(int port) {
    return port == 0 ? "443, 80" : Integer.toString(port);
  }

  /** The ports of a route, an array at {@code ports}. */
  static void ports(JsonGenerator json, int port) {
    json.writeName("ports");
    json.writeStartArray();
    if (port == 0) {
      json.writeNumber(443);
      json.writeNumber(80);
    } else {
      json.writeNumber(port);
    }
    json.writeEndArray();
  }

  /** An array of objects at {@code routes}. */
  static void write(JsonGenerator json, List<Row> routes) {
    json.writeName("routes");
    json.writeStartArray();
    for (Row row : routes) {
      Route route = row.route();
      json.writeStartObject();
      json.writeNumberProperty("line", route.line());
      json.writeStringProperty("host", route.host().text());
      ports(json, route.port());
      json.writeNumberProperty("matches", route.matches().size());
      json.writeStringProperty("outbound", word(route.outbound()));
      json.writeStringProperty("inbound", word(route.inbound().onMatch()));
      json.writeBooleanProperty("entropy", route.entropy());
      json.writeBooleanProperty("git", route.git());
      json.writeStringProperty("tls", route.passThrough() ? "pass" : "intercept");
      Json.string(json, "header", row.credential().map(Credential::header));
      Json.string(json, "scheme", row.credential().map(c -> c.prefix().strip()));
      Json.string(json, "secret", row.credential().map(Credential::secret));
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
