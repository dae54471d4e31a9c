package dev.carafe.egress.routes;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads the conditions of a route. A condition that no request could meet is refused. */
final class MatchReader {
  private final Problems problems;

  MatchReader(Problems problems) {
    this.problems = problems;
  }

  /** The conditions; empty when one of them cannot be read. */
  Optional<Match> match(Fields fields) {
    if (fields.all().isEmpty()) {
      problems.add(
          fields.at(), "a match without conditions matches everything; leave 'matches' out");
      return Optional.empty();
    }
    Optional<PathMatch> path = fields.fields("path").flatMap(this::path);
    Optional<String> method = fields.text("method").filter(m -> method(fields.at("method"), m));
    List<HeaderMatch> headers = new ArrayList<>();
    for (Node each : fields.items("headers")) {
      if (each instanceof Fields header) {
        header(header).ifPresent(headers::add);
      }
    }
    boolean complete =
        path.isPresent() == fields.has("path")
            && method.isPresent() == fields.has("method")
            && headers.size() == fields.items("headers").size();
    return complete ? Optional.of(new Match(path, method, headers)) : Optional.empty();
  }

  private Optional<PathMatch> path(Fields fields) {
    String type = fields.text("type").orElse("");
    Optional<String> value = fields.text("value");
    Position at = fields.at("value");
    if (value.isEmpty()) {
      return Optional.empty();
    }
    return switch (type) {
      case "Exact" -> literalPath(at, value.get()).map(PathMatch.Exact::new);
      case "PathPrefix" -> literalPath(at, value.get()).map(PathMatch.Prefix::new);
      case "RegularExpression" -> expression(at, value.get()).map(PathMatch.Expression::new);
      default -> Optional.empty();
    };
  }

  /** A path in the form in which the proxy compares them; empty when it has none. */
  private Optional<String> literalPath(Position at, String value) {
    String problem = null;
    if (!value.startsWith("/")) {
      problem = "a path starts with '/'";
    } else if (value.contains("?") || value.contains("#")) {
      problem = "a path has no '?' and no '#'; queries are not matched";
    } else if (value.contains("*")) {
      problem = "'*' has no meaning in a path; use the type PathPrefix or RegularExpression";
    } else if (value.contains("//") || value.contains("\\")) {
      problem = "paths with '//' or '\\' are refused, so this could never match";
    } else if (!value.chars().allMatch(c -> c > ' ' && c < 127)) {
      problem = "write blanks and letters beyond ASCII as percent and two digits, UTF-8";
    }
    if (problem != null) {
      problems.add(at, problem);
      return Optional.empty();
    }
    return escapes(at, value).filter(normal -> withoutDots(at, normal));
  }

  /** Looked for last: an escape may stand for a dot. */
  private boolean withoutDots(Position at, String path) {
    for (String segment : path.split("/", -1)) {
      if (segment.equals(".") || segment.equals("..")) {
        problems.add(
            at, "paths with '.' or '..' as a segment are refused, so this could never match");
        return false;
      }
    }
    return true;
  }

  /** Escapes with capital digits, and none where the character itself may stand. */
  private Optional<String> escapes(Position at, String value) {
    StringBuilder normal = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c != '%') {
        normal.append(c);
        continue;
      }
      String digits = value.substring(i + 1, Math.min(i + 3, value.length()));
      if (!digits.matches("[0-9a-fA-F]{2}")) {
        problems.add(at, "after '%' belong two hexadecimal digits");
        return Optional.empty();
      }
      int octet = Integer.parseInt(digits, 16);
      if (octet == '/' || octet == '\\' || octet == 0) {
        problems.add(at, "paths with %2F, %5C or %00 are refused, so this could never match");
        return Optional.empty();
      }
      boolean unreserved =
          octet >= 'a' && octet <= 'z'
              || octet >= 'A' && octet <= 'Z'
              || octet >= '0' && octet <= '9'
              || "-._~".indexOf(octet) >= 0;
      if (unreserved) {
        normal.append((char) octet);
      } else {
        normal.append('%').append(digits.toUpperCase(Locale.ROOT));
      }
      i += 2;
    }
    return Optional.of(normal.toString());
  }

  private boolean method(Position at, String method) {
    String capitals = method.toUpperCase(Locale.ROOT);
    if (!capitals.matches("[A-Z][A-Z-]*")) {
      problems.add(at, "this is no method such as GET or POST");
    } else if (!method.equals(capitals)) {
      problems.add(at, "methods are written in capital letters; did you mean '" + capitals + "'?");
    } else if (method.equals("CONNECT")) {
      problems.add(at, "CONNECT only opens the way to a host; name the methods used after it");
    } else {
      return true;
    }
    return false;
  }

  private Optional<HeaderMatch> header(Fields fields) {
    Optional<String> name =
        fields.text("name").flatMap(n -> HeaderNames.name(n, fields.at("name"), problems));
    Optional<String> value = fields.text("value");
    if (name.isEmpty() || value.isEmpty()) {
      return Optional.empty();
    }
    if (HeaderNames.CREDENTIALS.contains(name.get())) {
      problems.add(
          fields.at("name"),
          "the agent's own credentials are not forwarded, so they cannot be matched");
      return Optional.empty();
    }
    if (fields.text("type").equals(Optional.of("RegularExpression"))) {
      return expression(fields.at("value"), value.get())
          .map(pattern -> new HeaderMatch(name.get(), new HeaderMatch.Expression(pattern)));
    }
    return Optional.of(new HeaderMatch(name.get(), value.get()));
  }

  /** An expression for the whole of what it is compared with. */
  private Optional<Pattern> expression(Position at, String value) {
    if (value.length() > RoutesShape.MOST_EXPRESSION) {
      problems.add(
          at, "the expression is longer than " + RoutesShape.MOST_EXPRESSION + " characters");
      return Optional.empty();
    }
    try {
      return Optional.of(Pattern.compile(value));
    } catch (PatternSyntaxException e) {
      String why = e.getDescription();
      problems.add(
          at,
          "this is no expression of RE2, which knows no back-references and no look-around: "
              + why);
      return Optional.empty();
    }
  }
}
