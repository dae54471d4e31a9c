package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.RouteDeclarations;
import dev.carafe.egress.secret.Literal;
import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads recipes: the form by {@link RecipeShape}, the sense here. */
public final class RecipeReader {
  static final int MOST_BYTES = 256 * 1024;
  private static final int MEMORY = 2048;

  private final RouteDeclarations declarations;
  private final Problems problems;

  RecipeReader(RouteDeclarations declarations, Problems problems) {
    this.declarations = declarations;
    this.problems = problems;
  }

  /**
   * Reads a recipe's file.
   *
   * @param env where {@code HOME} is looked up
   * @throws ProviderException says all that is wrong with it, a line each, with line and column
   */
  public static Recipe read(Path file, Map<String, String> env) throws ProviderException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      // A pipe would have to be waited for.
      throw new ProviderException("the recipe " + file + " is not a file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(file, in.readNBytes(MOST_BYTES + 1), env);
    } catch (IOException e) {
      throw new ProviderException(
          "the recipe "
              + file
              + (Files.exists(file)
                  ? " cannot be read; check who may read it"
                  : " does not exist"));
    }
  }

  static Recipe read(Path file, byte[] bytes, Map<String, String> env) throws ProviderException {
    Problems problems = new Problems();
    Fields keys = keys(bytes, problems);
    Recipe recipe = null;
    if (problems.none()) {
      RecipeShape.RECIPE.check(keys, "a recipe", problems);
      recipe = new RecipeReader(new RouteDeclarations(file, env, problems), problems).recipe(keys);
    }
    if (!problems.none()) {
      throw new ProviderException(
          problems.all().stream().map(p -> p.in(file)).collect(Collectors.joining("\n")));
    }
    return recipe;
  }

  private static Fields keys(byte[] bytes, Problems problems) {
    Fields none = new Fields(Position.START, List.of());
    if (bytes.length > MOST_BYTES) {
      problems.add(Position.START, "the file is larger than " + MOST_BYTES + " bytes");
      return none;
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      problems.add(Position.START, "the file is not UTF-8; save it as UTF-8");
      return none;
    }
    Node node = YamlReader.read(text, problems).orElse(none);
    if (node instanceof Fields fields) {
      return fields;
    }
    problems.add(node.at(), "a recipe must be keys with values, not " + node.kind());
    return none;
  }

  /** A recipe whose form has been checked; of use when there are no problems. */
  Recipe recipe(Fields keys) {
    String base = keys.text("base").orElse("");
    if (base.startsWith("-") || base.chars().anyMatch(c -> c <= ' ' || c == 127)) {
      problems.add(keys.at("base"), "an image has no blanks, and does not begin with '-'");
    } else if (!Recipe.isBase(base)) {
      problems.add(keys.at("base"), "the only recipe that can be begun with is recipe:tools");
    }
    String user = keys.text("user").orElse("");
    if (!user.isEmpty() && !user.matches("[a-z_][a-z0-9_-]*")) {
      problems.add(keys.at("user"), "a user's name has small letters, digits, '-' and '_'");
    }
    List<DeclaredRoute> routes = declarations.routes(keys.items("routes"));
    for (DeclaredRoute route : routes) {
      if (route.auth().isPresent()) {
        // What comes of the steps is kept, and may hold what a server has answered to it.
        problems.add(route.auth().get().at(), "a recipe has no credentials; take 'auth' away");
      }
    }
    return new Recipe(
        base,
        user,
        env(keys),
        steps(keys),
        registries(keys),
        routes,
        keys.whole("memory").map(Long::intValue).orElse(MEMORY));
  }

  private Map<String, String> env(Fields keys) {
    Map<String, String> env = new LinkedHashMap<>();
    keys.fields("env")
        .ifPresent(
            fields ->
                fields
                    .all()
                    .forEach(
                        entry -> {
                          if (!entry.key().matches("[A-Za-z_][A-Za-z0-9_]*")) {
                            problems.add(entry.at(), "this cannot be the name of a variable");
                          }
                          String value = fields.text(entry.key()).orElse("");
                          if (Literal.holdsToken(value)) {
                            problems.add(
                                entry.value().at(),
                                "this looks like a secret itself, which is never written into this"
                                    + " file (if it is one, replace it: it has been on disk)");
                          }
                          env.put(entry.key(), value);
                        }));
    return env;
  }

  private static List<Recipe.Step> steps(Fields keys) {
    List<Recipe.Step> steps = new ArrayList<>();
    for (Node each : keys.items("steps")) {
      if (each instanceof Fields step) {
        step.text("root").ifPresent(script -> steps.add(new Recipe.Step(true, script)));
        step.text("user").ifPresent(script -> steps.add(new Recipe.Step(false, script)));
      }
    }
    return steps;
  }

  private static Set<Recipe.Registry> registries(Fields keys) {
    Set<Recipe.Registry> registries = new LinkedHashSet<>();
    for (Node each : keys.items("registries")) {
      if (each instanceof Node.Scalar scalar
          && (scalar.value().equals("apt") || scalar.value().equals("npm"))) {
        registries.add(Recipe.Registry.valueOf(scalar.value().toUpperCase(Locale.ROOT)));
      }
    }
    return registries;
  }
}
