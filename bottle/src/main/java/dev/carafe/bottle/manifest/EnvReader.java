package dev.carafe.bottle.manifest;

import dev.carafe.egress.secret.Literal;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Reads {@code env}, whose form has been checked. */
final class EnvReader {
  private static final String NAME = "[A-Za-z_][A-Za-z0-9_]*";

  private final Problems problems;

  EnvReader(Problems problems) {
    this.problems = problems;
  }

  Map<String, EnvValue> read(Node.Fields fields) {
    Map<String, EnvValue> env = new LinkedHashMap<>();
    for (Node.Entry entry : fields.all()) {
      if (entry.key().length() > 200 || !entry.key().matches(NAME)) {
        problems.add(
            entry.at(), "a variable's name has letters, digits and _, and begins with no digit");
      } else if (entry.value() instanceof Node.Scalar scalar) {
        value(scalar.value(), scalar.at()).ifPresent(value -> env.put(entry.key(), value));
      }
    }
    return env;
  }

  private Optional<EnvValue> value(String text, Position at) {
    if (text.startsWith("??")) {
      return literal(text.substring(1), at);
    }
    if (text.startsWith("?")) {
      String question = text.substring(1).strip();
      if (question.isEmpty() || question.chars().anyMatch(Character::isISOControl)) {
        problems.add(at, "after '?' belongs what is to be asked, on one line; write ?? for a '?'");
        return Optional.empty();
      }
      return Optional.of(new EnvValue.Prompt(question));
    }
    if (text.startsWith("${") && text.endsWith("}")) {
      String variable = text.substring(2, text.length() - 1);
      if (Literal.insteadOfName(variable)) {
        return secret(at);
      }
      if (!variable.matches(NAME)) {
        problems.add(at, "between ${ and } belongs the name of a variable of this host, alone");
        return Optional.empty();
      }
      return Optional.of(new EnvValue.FromHost(variable));
    }
    return literal(text, at);
  }

  private Optional<EnvValue> literal(String text, Position at) {
    if (text.replace("$${", "").contains("${")) {
      problems.add(
          at,
          "${NAME} can only be a whole value, not a part of one; write $${ for the characters"
              + " themselves");
      return Optional.empty();
    }
    return Literal.holdsToken(text)
        ? secret(at)
        : Optional.of(new EnvValue.Literal(text.replace("$${", "${")));
  }

  private Optional<EnvValue> secret(Position at) {
    problems.add(
        at,
        "this looks like a secret itself, which is never written into this file (if it is one,"
            + " replace it: it has been on disk); let a route add it with 'auth', or write ${NAME}");
    return Optional.empty();
  }
}
