package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.FrontMatter;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.RouteDeclarations;
import dev.carafe.egress.secret.Literal;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a provider's file: its form by {@link ProviderShape}, its sense here. */
public final class ProviderFile {
  private final Problems problems = new Problems();
  private final RouteDeclarations declarations;
  private final Map<String, String> env;

  private ProviderFile(Path path, Map<String, String> env) {
    this.env = env;
    this.declarations = new RouteDeclarations(path, env, problems);
  }

  /**
   * What came of reading.
   *
   * @param provider of use when there are no problems
   */
  record Result(Optional<Provider> provider, List<ManifestProblem> problems) {}

  /**
   * @param env where {@code HOME} is looked up
   */
  static Result read(String name, Path path, byte[] bytes, Map<String, String> env) {
    ProviderFile reader = new ProviderFile(path, env);
    Optional<Provider> provider = reader.read(name, bytes);
    List<ManifestProblem> problems =
        reader.problems.all().stream()
            .map(p -> ManifestProblem.in(path, p.at(), p.sentence()))
            .toList();
    return new Result(problems.isEmpty() ? provider : Optional.empty(), problems);
  }

  /**
   * The mistakes of a file by itself.
   *
   * @param env where {@code HOME} is looked up
   */
  public static List<ManifestProblem> check(Path path, byte[] bytes, Map<String, String> env) {
    return read("provider", path, bytes, env).problems();
  }

  private Optional<Provider> read(String name, byte[] bytes) {
    Optional<FrontMatter> matter = FrontMatter.read(bytes, problems);
    if (matter.isEmpty()) {
      return Optional.empty();
    }
    Fields keys = matter.get().keys();
    ProviderShape.PROVIDER.check(keys, "a provider", problems);
    if (keys.has("image") && keys.has("recipe")) {
      problems.add(keys.at("recipe"), "'image' and 'recipe' exclude each other; take one away");
    }
    Optional<Recipe> recipe = keys.value("recipe").flatMap(this::recipe);
    Map<String, String> variables = texts(keys, "env");
    for (String variable : variables.keySet()) {
      if (!variable.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        problems.add(place(keys, "env", variable), "this cannot be the name of a variable");
      }
    }
    Map<String, String> files = texts(keys, "files");
    for (String path : files.keySet()) {
      if (!GuestFile.isPath(path.startsWith("~/") ? path.substring(1) : path)) {
        problems.add(
            place(keys, "files", path),
            "a file's path begins with ~/ or a slash, and has no '.' or '..' in it");
      }
    }
    List<DeclaredRoute> routes = declarations.routes(keys.items("routes"));
    Optional<Program> program = program(keys);
    return program.map(
        p -> new DeclaredProvider(name, p, keys.text("image"), recipe, variables, files, routes));
  }

  private Optional<Recipe> recipe(Node node) {
    if (node instanceof Fields fields) {
      return Optional.of(new RecipeReader(declarations, problems).recipe(fields));
    }
    if (!(node instanceof Node.Scalar scalar)) {
      return Optional.empty();
    }
    Optional<Path> file = declarations.path(scalar.value(), scalar.at());
    try {
      return file.isEmpty() ? Optional.empty() : Optional.of(RecipeReader.read(file.get(), env));
    } catch (ProviderException e) {
      problems.add(scalar.at(), "this recipe cannot be used: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<Program> program(Fields keys) {
    List<String> command = words(keys, "command");
    if (command.isEmpty() || command.getFirst().isEmpty()) {
      return Optional.empty(); // and a problem already, or this one
    }
    PromptMode mode =
        switch (keys.text("prompt_mode").orElse("")) {
          case "append-file" -> PromptMode.APPEND_FILE;
          case "read-prompt-file" -> PromptMode.READ_PROMPT_FILE;
          default -> PromptMode.NONE;
        };
    Optional<Program.Headless> headless = keys.fields("headless").flatMap(this::headless);
    return Optional.of(
        new Program(command, mode, words(keys, "unattended"), words(keys, "resume"), headless));
  }

  private Optional<Program.Headless> headless(Fields fields) {
    List<String> prompt =
        fields.has("prompt") ? words(fields, "prompt") : List.of("--", Program.PROMPT);
    try {
      return Optional.of(new Program.Headless(words(fields, "words"), prompt));
    } catch (IllegalArgumentException e) {
      problems.add(fields.at("prompt"), "in 'prompt', " + e.getMessage());
      return Optional.empty();
    }
  }

  private List<String> words(Fields fields, String key) {
    List<String> words = new ArrayList<>();
    for (Node each : fields.items(key)) {
      if (each instanceof Node.Scalar scalar) {
        refuseSecret(scalar);
        words.add(scalar.value());
      }
    }
    if (key.equals("command") && !words.isEmpty() && words.getFirst().isEmpty()) {
      problems.add(fields.at(key), "'command' begins with the program");
    }
    return words;
  }

  private Map<String, String> texts(Fields keys, String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    keys.fields(key)
        .ifPresent(
            fields ->
                fields
                    .all()
                    .forEach(
                        entry -> {
                          if (entry.value() instanceof Node.Scalar scalar) {
                            refuseSecret(scalar);
                            texts.put(entry.key(), scalar.value());
                          }
                        }));
    return texts;
  }

  private static Position place(Fields keys, String key, String name) {
    return keys.fields(key).orElse(keys).all().stream()
        .filter(entry -> entry.key().equals(name))
        .findFirst()
        .map(Node.Entry::at)
        .orElse(keys.at());
  }

  /** Whatever is in such a file, the guest gets. */
  private void refuseSecret(Node.Scalar scalar) {
    if (Literal.holdsToken(scalar.value())) {
      problems.add(
          scalar.at(),
          "this looks like a secret itself, which is never written into this file (if it is one,"
              + " replace it: it has been on disk); the credential belongs to a route, as 'auth'");
    }
  }
}
