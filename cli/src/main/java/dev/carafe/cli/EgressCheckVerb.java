package dev.carafe.cli;

import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Problem;
import java.nio.file.Path;
import java.util.List;
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
        e.problems().forEach(problem -> context.console().note(problem.in(file)));
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
    StringBuilder text = new StringBuilder(RouteText.table(rows(routes)));
    routes
        .allow()
        .forEach(range -> text.append("Addresses of ").append(range).append(" may be dialled.\n"));
    int authorities = routes.authorities().size();
    if (authorities > 0) {
      text.append("Certificates that are trusted besides the host's own: ")
          .append(authorities)
          .append('\n');
    }
    routes
        .log()
        .ifPresent(
            log -> text.append("Kept in the audit: ").append(RouteText.kept(log)).append('\n'));
    return text.append(RouteText.count(routes.all().size())).toString();
  }

  private static List<RouteText.Row> rows(Routes routes) {
    return routes.all().stream()
        .map(
            route ->
                new RouteText.Row(
                    route,
                    route
                        .auth()
                        .map(
                            auth ->
                                new RouteText.Credential(
                                    auth.header(), auth.prefix(), auth.secret().name()))))
        .toList();
  }

  private static void plan(JsonGenerator json, Routes routes) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", true);
    json.writeStringProperty("sha256", routes.digest());
    RouteText.write(json, rows(routes));
    Json.strings(json, "allow", routes.allow().stream().map(Object::toString).toList());
    json.writeNumberProperty("authorities", routes.authorities().size());
    routes.log().ifPresent(log -> json.writeNumberProperty("log", log));
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
