package dev.carafe.bottle.botbottle;

import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes one of bot-bottle's routes anew. A condition that cannot be expressed would, left out,
 * allow more than before; so the route is left out with it.
 */
final class RouteConversion {
  private static final int MOST_MATCHES = 64;

  private final Notes notes;

  RouteConversion(Notes notes) {
    this.notes = notes;
  }

  /** What keeps a route from being carried over. */
  private static final class CannotException extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Position at;

    CannotException(Position at, String why) {
      super(why, null, false, false);
      this.at = at;
    }
  }

  /** The route; empty, and a note, when it cannot be carried over. */
  Optional<Map<String, Object>> route(Node node) {
    if (!(node instanceof Fields fields)) {
      notes.add(node.at(), "this is no route, and is left out");
      return Optional.empty();
    }
    try {
      Map<String, Object> route = new LinkedHashMap<>();
      notes.unknown(fields, Set.of("host", "auth", "matches", "git", "dlp"));
      Notes.copy(fields, route, "host");
      if (fields.has("auth")) {
        route.put("auth", auth(fields));
      }
      if (fields.has("matches")) {
        route.put("matches", matches(fields));
      }
      if (fields.fields("git").flatMap(git -> git.truth("fetch")).orElse(false)) {
        route.put("git", "fetch");
      }
      Map<String, Object> dlp = fields.fields("dlp").map(this::dlp).orElse(Map.of());
      if (!dlp.isEmpty()) {
        route.put("dlp", dlp);
      }
      return Optional.of(route);
    } catch (CannotException e) {
      notes.add(e.at, e.getMessage() + "; the route is left out");
      return Optional.empty();
    }
  }

  private static Map<String, Object> auth(Fields fields) throws CannotException {
    Optional<Fields> auth = fields.fields("auth");
    Optional<String> scheme =
        auth.flatMap(a -> a.text("scheme")).map(s -> s.toLowerCase(Locale.ROOT));
    Optional<String> variable = auth.flatMap(a -> a.text("token_ref"));
    if (scheme.isEmpty() || variable.isEmpty() || auth.get().all().size() != 2) {
      throw new CannotException(fields.at("auth"), "'auth' is not a scheme and a token_ref");
    }
    Map<String, Object> converted = new LinkedHashMap<>();
    converted.put("scheme", scheme.get());
    converted.put("token", Map.of("env", variable.get()));
    return converted;
  }

  /** Each of ours has one path and one method; so one of theirs may become several. */
  private static List<Object> matches(Fields fields) throws CannotException {
    List<Object> converted = new ArrayList<>();
    for (Node each : fields.items("matches")) {
      if (!(each instanceof Fields match)
          || match.all().stream()
              .anyMatch(e -> !Set.of("paths", "methods", "headers").contains(e.key()))) {
        throw new CannotException(each.at(), "this condition is not known");
      }
      List<Optional<Object>> paths = new ArrayList<>();
      for (Node path : match.items("paths")) {
        paths.add(Optional.of(path(path)));
      }
      List<Optional<Object>> methods = new ArrayList<>();
      for (Node method : match.items("methods")) {
        if (!(method instanceof Node.Scalar scalar)) {
          throw new CannotException(method.at(), "this method is not known");
        }
        methods.add(Optional.of(scalar.value().toUpperCase(Locale.ROOT)));
      }
      List<Object> headers = new ArrayList<>();
      for (Node header : match.items("headers")) {
        headers.add(header(header));
      }
      if (paths.isEmpty() != !match.has("paths")
          || methods.isEmpty() != !match.has("methods")
          || headers.isEmpty() != !match.has("headers")) {
        throw new CannotException(each.at(), "this condition is no list with something in it");
      }
      for (Optional<Object> path : paths.isEmpty() ? none() : paths) {
        for (Optional<Object> method : methods.isEmpty() ? none() : methods) {
          Map<String, Object> one = new LinkedHashMap<>();
          method.ifPresent(m -> one.put("method", m));
          path.ifPresent(p -> one.put("path", p));
          if (!headers.isEmpty()) {
            one.put("headers", headers);
          }
          converted.add(one);
        }
      }
    }
    if (converted.isEmpty() || converted.size() > MOST_MATCHES) {
      throw new CannotException(
          fields.at("matches"), "these are no conditions, or more than " + MOST_MATCHES);
    }
    return converted;
  }

  private static List<Optional<Object>> none() {
    return List.of(Optional.empty());
  }

  private static Map<String, Object> path(Node node) throws CannotException {
    Optional<Fields> fields =
        Optional.of(node).filter(Fields.class::isInstance).map(Fields.class::cast);
    String type =
        switch (fields.flatMap(f -> f.text("type")).orElse("").toLowerCase(Locale.ROOT)) {
          case "exact" -> "Exact";
          case "prefix", "pathprefix" -> "PathPrefix";
          case "regex", "regularexpression" -> "RegularExpression";
          default -> "";
        };
    Optional<String> value = fields.flatMap(f -> f.text("value"));
    if (type.isEmpty() || value.isEmpty() || fields.get().all().size() != 2) {
      throw new CannotException(node.at(), "this path is not a type that is known, and a value");
    }
    Map<String, Object> path = new LinkedHashMap<>();
    path.put("type", type);
    path.put("value", value.get());
    return path;
  }

  private static Map<String, Object> header(Node node) throws CannotException {
    Optional<Fields> fields =
        Optional.of(node).filter(Fields.class::isInstance).map(Fields.class::cast);
    Optional<String> name = fields.flatMap(f -> f.text("name"));
    Optional<String> value = fields.flatMap(f -> f.text("value"));
    String type =
        switch (fields.flatMap(f -> f.text("type")).orElse("exact").toLowerCase(Locale.ROOT)) {
          case "exact" -> "Exact";
          case "regex", "regularexpression" -> "RegularExpression";
          default -> "";
        };
    boolean complete = name.isPresent() && value.isPresent() && !type.isEmpty();
    if (!complete || fields.get().all().size() != (fields.get().has("type") ? 3 : 2)) {
      throw new CannotException(node.at(), "this header is not a name and a value");
    }
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("name", name.get());
    header.put("type", type);
    header.put("value", value.get());
    return header;
  }

  private Map<String, Object> dlp(Fields dlp) {
    Map<String, Object> converted = new LinkedHashMap<>();
    notes.unknown(dlp, Set.of("outbound_detectors", "inbound_detectors", "outbound_on_match"));
    List<String> outbound = words(dlp.items("outbound_detectors"));
    switch (dlp.text("outbound_on_match").orElse("block")) {
      case "redact" -> converted.put("outbound", "redact");
      case "supervise" ->
          notes.add(
              dlp.at("outbound_on_match"),
              "nobody is asked when something is found: what was 'supervise' is refused now");
      default -> {}
    }
    if (dlp.truth("outbound_detectors").equals(Optional.of(false))) {
      converted.put("outbound", "off");
    } else if (outbound.contains("entropy")) {
      converted.put("entropy", true);
    }
    if (!outbound.isEmpty() && !outbound.containsAll(List.of("token_patterns", "known_secrets"))) {
      notes.add(
          dlp.at("outbound_detectors"),
          "token patterns and known secrets are looked for together, although only one was asked"
              + " for");
    }
    if (!dlp.items("inbound_detectors").isEmpty()) {
      converted.put("inbound", "block");
    }
    return converted;
  }

  private static List<String> words(List<Node> items) {
    return items.stream()
        .filter(Node.Scalar.class::isInstance)
        .map(item -> ((Node.Scalar) item).value())
        .toList();
  }
}
