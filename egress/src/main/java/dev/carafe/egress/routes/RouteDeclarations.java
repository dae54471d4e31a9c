package dev.carafe.egress.routes;

import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads what {@link RoutesShape} describes, in routes files and in others that hold the same: the
 * form has been checked, this says what makes no sense. Fetches no secret and opens no file. One
 * thread.
 */
public final class RouteDeclarations {
  private final Path directory;
  private final Map<String, String> env;
  private final Problems problems;
  private final AuthReader credentials;
  private final RouteReader reader;

  /**
   * @param file what is read; relative paths in it begin at its directory
   * @param env where {@code HOME} is looked up
   */
  public RouteDeclarations(Path file, Map<String, String> env, Problems problems) {
    this.directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    this.env = env;
    this.problems = problems;
    this.credentials = new AuthReader(directory, env, problems);
    this.reader = new RouteReader(file, credentials, problems);
  }

  /** The routes of a list; two for the same connection are a mistake. */
  public List<DeclaredRoute> routes(List<Node> items) {
    List<DeclaredRoute> routes = new ArrayList<>();
    for (Node each : items) {
      if (each instanceof Fields fields) {
        reader.route(fields).ifPresent(routes::add);
      }
    }
    refuseTheSameTwice(routes);
    return routes;
  }

  /** Two routes for one host and port: it would be chance which of them is meant. */
  private void refuseTheSameTwice(List<DeclaredRoute> routes) {
    for (int i = 0; i < routes.size(); i++) {
      for (int before = 0; before < i; before++) {
        if (routes.get(i).collidesWith(routes.get(before))) {
          problems.add(
              routes.get(i).at(),
              "the route to "
                  + routes.get(i).route().host()
                  + " is here a second time; put both into one, see line "
                  + routes.get(before).route().line());
          break;
        }
      }
    }
  }

  /** The address ranges of a list. */
  public List<Cidr> allow(List<Node> items) {
    List<Cidr> ranges = new ArrayList<>();
    for (Node each : items) {
      if (each instanceof Node.Scalar scalar) {
        try {
          ranges.add(Cidr.of(scalar.value()));
        } catch (IllegalArgumentException e) {
          problems.add(each.at(), e.getMessage());
        }
      }
    }
    return ranges;
  }

  /**
   * Where a secret comes from: a {@link RoutesShape#TOKEN}, or only the name of an environment
   * variable.
   *
   * @param what how a sentence calls it: {@code "'auth_token'"}
   * @return empty when it cannot be read
   */
  public Optional<SecretReference> secret(Node node, String what) {
    return switch (node) {
      case Fields token -> credentials.reference(token);
      case Node.Scalar name -> credentials.variable(name.value(), name.at(), what);
      case Node.Items items -> Optional.empty();
    };
  }

  /** The files with certificates that a {@link RoutesShape#CA} names. */
  public List<Path> authorities(Optional<Node> ca) {
    List<Path> files = new ArrayList<>();
    for (Node each : ca.map(RouteDeclarations::several).orElse(List.of())) {
      if (each instanceof Node.Scalar scalar && !scalar.value().isEmpty()) {
        path(scalar.value(), each.at()).ifPresent(files::add);
      }
    }
    return files;
  }

  private static List<Node> several(Node node) {
    return node instanceof Node.Items items ? items.all() : List.of(node);
  }

  /** A path as it is written: relative to the file, {@code ~/} is the home directory. */
  public Optional<Path> path(String written, Position at) {
    try {
      return Optional.of(AuthReader.path(written, directory, env));
    } catch (InvalidPathException e) {
      problems.add(at, "this is no path");
      return Optional.empty();
    }
  }
}
