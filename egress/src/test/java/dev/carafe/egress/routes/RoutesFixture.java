package dev.carafe.egress.routes;

import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Problem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Routes files that are only text. */
final class RoutesFixture {
  static final String TOKEN = "a-token-for-tests-01";
  static final Map<String, String> ENV =
      Map.of("TOKEN", TOKEN, "LOGIN", "me:a-password-for-tests", "PATH", "/usr/bin:/bin");

  private RoutesFixture() {}

  static Routes routes(String text) throws RoutesException {
    return RoutesFile.parse(
        Path.of("/etc/routes.yaml"),
        text.getBytes(StandardCharsets.UTF_8),
        SecretSources.of(ENV, warning -> {}));
  }

  /** A file with these routes, each a flow mapping or an indented block. */
  static Routes of(String... routes) throws RoutesException {
    return routes(file(routes));
  }

  static String file(String... routes) {
    StringBuilder text = new StringBuilder("version: 1\nroutes:\n");
    for (String route : routes) {
      text.append("  - ").append(route).append('\n');
    }
    return text.toString();
  }

  /** What is said of a file. */
  static List<String> problems(String text) {
    try {
      routes(text);
      return new ArrayList<>();
    } catch (RoutesException e) {
      return e.problems().stream().map(Problem::toString).toList();
    }
  }
}
