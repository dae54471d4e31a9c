package dev.carafe.cli;

import dev.carafe.egress.routes.Auth;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JsonGenerator;

/** {@code egress check}: what a routes file allows, or what is wrong with it. */
final class EgressCheckVerb extends Verb {
  @Override
  String summary() {
    return "Checks a routes file and shows what it allows; exit code 1 if it cannot be used.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("FILE", "The routes file.", "--routes")
        .flag("Do not fetch the secrets: for a file whose secrets are elsewhere.", "--no-secrets")
        .flag("As JSON.", "--json")
        .example("egress check --routes routes.yaml")
        .example("egress check --routes routes.yaml --no-secrets --json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Path file = EgressServeVerb.routesFile(arguments);
    boolean json = arguments.has("--json");
    SecretSources sources =
        arguments.has("--no-secrets")
            ? SecretSources.placeholders()
            : SecretSources.of(
                context.env(), warning -> context.console().note("Warning: " + warning));
    Routes routes;
    try {
      routes = Routes.load(file, sources);
    } catch (RoutesException e) {
      if (json) {
        context.console().line(Json.of(out -> problems(out, e)));
      } else {
        e.problems().forEach(problem -> context.console().note(file + ":" + problem));
      }
      int count = e.problems().size();
      throw new FailureException(
          file + " cannot be used: " + count + (count == 1 ? " mistake" : " mistakes"));
    }
    context.console().print(json ? Json.of(out -> plan(out, routes)) + "\n" : table(routes));
    routes.clear();
    return ExitCode.OK;
  }

  private static String table(Routes routes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("HOST", "PORT", "REQUESTS", "OUTBOUND", "INBOUND", "GIT", "TLS", "CREDENTIAL"));
    for (Route route : routes.all()) {
      int matches = route.matches().size();
      rows.add(
          List.of(
              route.host().text(),
              route.port() == 0 ? "443, 80" : Integer.toString(route.port()),
              matches == 0 ? "all" : matches == 1 ? "1 match" : matches + " matches",
              word(route.outbound()),
              route.passThrough() ? "off" : word(route.inbound().onMatch()),
              route.git() ? "fetch" : "no",
              route.passThrough() ? "pass" : "intercept",
              route.auth().map(EgressCheckVerb::shown).orElse("none")));
    }
    StringBuilder text = new StringBuilder(rows.size() > 1 ? Text.table(rows) : "");
    routes
        .allow()
        .forEach(range -> text.append("Addresses of ").append(range).append(" may be dialled.\n"));
    int authorities = routes.authorities().size();
    if (authorities > 0) {
      text.append("Certificates that are trusted besides the host's own: ")
          .append(authorities)
          .append('\n');
    }
    int count = routes.all().size();
    return text.append(count)
        .append(count == 1 ? " route; " : " routes; ")
        .append("everything else is refused.\n")
        .toString();
  }

  private static String shown(Auth auth) {
    return auth.header() + ": " + auth.prefix() + "<" + auth.secret().name() + ">";
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static void plan(JsonGenerator json, Routes routes) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", true);
    json.writeStringProperty("sha256", routes.digest());
    json.writeName("routes");
    json.writeStartArray();
    for (Route route : routes.all()) {
      json.writeStartObject();
      json.writeNumberProperty("line", route.line());
      json.writeStringProperty("host", route.host().text());
      json.writeNumberProperty("port", route.port());
      json.writeNumberProperty("matches", route.matches().size());
      json.writeStringProperty("outbound", word(route.outbound()));
      json.writeStringProperty("inbound", word(route.inbound().onMatch()));
      json.writeBooleanProperty("entropy", route.entropy());
      json.writeBooleanProperty("git", route.git());
      json.writeStringProperty("tls", route.passThrough() ? "pass" : "intercept");
      Json.string(json, "header", route.auth().map(Auth::header));
      Json.string(json, "scheme", route.auth().map(auth -> auth.prefix().strip()));
      Json.string(json, "secret", route.auth().map(auth -> auth.secret().name()));
      json.writeEndObject();
    }
    json.writeEndArray();
    Json.strings(json, "allow", routes.allow().stream().map(Object::toString).toList());
    json.writeNumberProperty("authorities", routes.authorities().size());
    json.writeEndObject();
  }

  private static void problems(JsonGenerator json, RoutesException e) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", false);
    json.writeName("problems");
    json.writeStartArray();
    for (Problem problem : e.problems()) {
      json.writeStartObject();
      json.writeNumberProperty("line", problem.at().line());
      json.writeNumberProperty("column", problem.at().column());
      json.writeStringProperty("sentence", problem.sentence());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
