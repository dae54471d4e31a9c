package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.DeclaredRoute;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How the image of an agent is made: a machine of the base image runs the steps, in their order,
 * with no way out but to the registries and routes that are named, and its disk becomes the image.
 *
 * @param base a reference of the image that is begun with, as {@code base}; or {@code recipe:NAME},
 *     what comes of a recipe that Carafe brings
 * @param user whom the agent runs as, by name; the steps have to make it, if the base has not
 * @param env of the steps and of the image
 * @param steps at least one
 * @param registries of this host's configuration, which the steps fetch from
 * @param routes to other places, which the steps fetch from; without credentials
 * @param memoryMib what the machine needs while the steps run; in MiB
 */
public record Recipe(
    String base,
    String user,
    Map<String, String> env,
    List<Step> steps,
    Set<Registry> registries,
    List<DeclaredRoute> routes,
    int memoryMib) {

  /** The recipe that the images of agents begin with. */
  static final String TOOLS = "tools";

  private static final String BY_RECIPE = "recipe:";

  /** A way to packages that is configured on this host, and whose name no recipe knows. */
  public enum Registry {
    APT,
    NPM
  }

  /**
   * A script for {@code /bin/sh -eu}.
   *
   * @param root by root; else by the recipe's user, in its home directory
   */
  public record Step(boolean root, String script) {}

  public Recipe {
    env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
    steps = List.copyOf(steps);
    registries = Set.copyOf(registries);
    routes = List.copyOf(routes);
  }

  /** The recipe of the image that is begun with, if that is made by one. */
  public Optional<Recipe> baseRecipe() {
    return base.startsWith(BY_RECIPE)
        ? Optional.of(builtIn(base.substring(BY_RECIPE.length())))
        : Optional.empty();
  }

  /** What the image that is begun with is called, if that is made by a recipe. */
  public String baseName() {
    return base.substring(BY_RECIPE.length());
  }

  /** Whether there is an image, or a recipe, that this could be. */
  static boolean isBase(String base) {
    return !base.startsWith(BY_RECIPE) || base.equals(BY_RECIPE + TOOLS);
  }

  /**
   * One that comes with Carafe: {@code tools}, {@code claude} or {@code codex}.
   *
   * @throws IllegalArgumentException when there is none of that name
   */
  static Recipe builtIn(String name) {
    String file = name + ".yaml";
    try (InputStream in = Recipe.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalArgumentException("no recipe " + name);
      }
      return RecipeReader.read(Path.of("/", file), in.readAllBytes(), Map.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ProviderException e) {
      throw new IllegalStateException(e.getMessage());
    }
  }

  /**
   * SHA-256 of all that decides what comes of it, in hexadecimal. Where the packages come from does
   * not: a mirror has the same ones.
   */
  public String digest() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    add(digest, baseRecipe().map(Recipe::digest).orElse(base));
    add(digest, user);
    new TreeMap<>(env).forEach((name, value) -> add(digest, name + "=" + value));
    for (Step step : steps) {
      add(digest, step.root() ? "root" : "user");
      add(digest, step.script());
    }
    new TreeSet<>(registries).forEach(registry -> add(digest, registry.name()));
    // What the steps may reach may decide what they find, as when one falls back to another place.
    routes.forEach(route -> add(digest, route.route().host().text() + ":" + route.route().port()));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Each with its length before it, so that no two recipes are taken for one. */
  private static void add(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(bytes);
  }
}
