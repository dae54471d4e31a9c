package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Literal;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the credentials of routes, which say where secrets come from; fetches none. */
final class AuthReader {
  private final Path directory;
  private final Map<String, String> env;
  private final Problems problems;

  /**
   * @param directory where relative paths begin
   */
  AuthReader(Path directory, Map<String, String> env, Problems problems) {
    this.directory = directory;
    this.env = env;
    this.problems = problems;
  }

  /** Reads an {@code auth}; empty when it cannot be read. */
  Optional<DeclaredAuth> read(Fields auth) {
    Optional<String> header =
        auth.has("header")
            ? auth.text("header")
                .flatMap(name -> HeaderNames.name(name, auth.at("header"), problems))
            : Optional.of("authorization");
    String prefix =
        switch (auth.text("scheme").orElse("")) {
          case "bearer" -> "Bearer ";
          case "token" -> "token ";
          case "basic" -> "Basic ";
          default -> "";
        };
    Optional<SecretReference> reference = auth.fields("token").flatMap(this::reference);
    return header.isPresent() && reference.isPresent()
        ? Optional.of(new DeclaredAuth(header.get(), prefix, reference.get(), auth.at("token")))
        : Optional.empty();
  }

  /** Reads a {@code token}; empty when it cannot be read. */
  Optional<SecretReference> reference(Fields token) {
    if (token.has("field")) {
      return field(token);
    }
    if (token.all().size() != 1) {
      return Optional.empty(); // and a problem already
    }
    return switch (token.all().getFirst().key()) {
      case "env" -> token.text("env").flatMap(name -> variable(name, token.at("env"), "'env'"));
      case "file" -> token.text("file").flatMap(path -> file(path, token.at("file")));
      case "command" -> command(token.items("command"));
      case "keyring" -> token.fields("keyring").flatMap(this::keyring);
      default -> Optional.empty();
    };
  }

  /**
   * A reference to an environment variable.
   *
   * @param what how a sentence calls it: {@code "'env'"}
   */
  Optional<SecretReference> variable(String name, Position at, String what) {
    if (Literal.insteadOfName(name)) {
      return literal(at, what + " must be the name of an environment variable");
    }
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      problems.add(at, what + " must be the name of an environment variable, as GITHUB_TOKEN");
      return Optional.empty();
    }
    return Optional.of(new SecretReference.Variable(name));
  }

  private Optional<SecretReference> file(String written, Position at) {
    if (Literal.holdsToken(written)) {
      return literal(at, "'file' must be a path");
    }
    try {
      return Optional.of(new SecretReference.File(path(written, directory, env)));
    } catch (InvalidPathException e) {
      problems.add(at, "this is no path");
      return Optional.empty();
    }
  }

  /** A file's field: keys, with dots between them. */
  private Optional<SecretReference> field(Fields token) {
    Position at = token.at("field");
    if (!token.has("file") && token.all().size() == 1) {
      return Optional.empty(); // and a problem already
    }
    if (!token.has("file")) {
      problems.add(at, "'field' says what of a JSON file is meant, and needs 'file' beside it");
      return Optional.empty();
    }
    Optional<String> written = token.text("field");
    Optional<SecretReference> file =
        token.text("file").flatMap(path -> file(path, token.at("file")));
    if (token.all().size() != 2 || written.isEmpty() || file.isEmpty()) {
      return Optional.empty(); // and a problem already
    }
    if (Literal.insteadOfName(written.get())) {
      return literal(at, "'field' must be the name of a field");
    }
    if (!written.get().matches("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){0,7}")) {
      problems.add(at, "'field' must be keys with dots between them, as tokens.access_token");
      return Optional.empty();
    }
    return file.map(
        f ->
            new SecretReference.Field(
                ((SecretReference.File) f).path(), List.of(written.get().split("\\."))));
  }

  private Optional<SecretReference> command(List<Node> items) {
    List<String> words = new ArrayList<>();
    for (Node each : items) {
      if (!(each instanceof Node.Scalar scalar)) {
        return Optional.empty();
      }
      if (Literal.holdsToken(scalar.value())) {
        return literal(each.at(), "'command' must be a program and its arguments");
      }
      words.add(scalar.value());
    }
    if (words.isEmpty()) {
      return Optional.empty();
    }
    if (words.getFirst().contains(" ") && words.size() == 1) {
      problems.add(
          items.getFirst().at(),
          "no shell reads the command; write each word as an item of the list, as [pass, show, github]");
      return Optional.empty();
    }
    if (words.getFirst().startsWith("~/")) {
      words.set(0, path(words.getFirst(), directory, env).toString());
    }
    return Optional.of(new SecretReference.Command(words));
  }

  private Optional<SecretReference> keyring(Fields fields) {
    Map<String, String> attributes = new LinkedHashMap<>();
    for (Node.Entry entry : fields.all()) {
      Optional<String> value = fields.text(entry.key());
      if (value.isEmpty()) {
        return Optional.empty();
      }
      if (Literal.insteadOfName(entry.key()) || Literal.insteadOfName(value.get())) {
        return literal(entry.at(), "'keyring' must be attributes of an entry");
      }
      if (!entry.key().matches("[A-Za-z][A-Za-z0-9_:.-]*") || value.get().startsWith("-")) {
        problems.add(entry.at(), "this cannot be an attribute of a keyring's entry");
        return Optional.empty();
      }
      attributes.put(entry.key(), value.get());
    }
    return attributes.isEmpty()
        ? Optional.empty()
        : Optional.of(new SecretReference.Keyring(attributes));
  }

  private Optional<SecretReference> literal(Position at, String rule) {
    problems.add(
        at,
        rule
            + ", and this looks like a secret itself, which is never written into this file (if it is"
            + " one, replace it: it has been on disk)");
    return Optional.empty();
  }

  /** A path as it is written in a routes file. */
  static Path path(String written, Path directory, Map<String, String> env) {
    if (written.startsWith("~/") && env.containsKey("HOME")) {
      return Path.of(env.get("HOME")).resolve(written.substring(2)).normalize();
    }
    return directory.resolve(written).normalize();
  }
}
