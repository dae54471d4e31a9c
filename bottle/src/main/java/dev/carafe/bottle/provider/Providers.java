package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.ManifestDirectory;
import dev.carafe.bottle.manifest.ManifestName;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.egress.yaml.Position;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * All providers there are: the built-in ones, those of programmers, those of the user's files; no
 * name is there twice. A repository brings none. One that cannot be used does no harm to others.
 * Immutable; any thread.
 */
public final class Providers {
  private final Map<String, Provider> usable = new LinkedHashMap<>();
  private final Map<String, List<ManifestProblem>> unusable = new LinkedHashMap<>();
  private final List<ManifestProblem> problems = new ArrayList<>();

  private Providers() {}

  /**
   * Finds them. Blocks while it reads files.
   *
   * @param env where {@code HOME} is looked up
   */
  public static Providers find(ManifestPlaces places, Map<String, String> env) {
    return find(places, env, ServiceLoader.load(Provider.class).iterator());
  }

  static Providers find(
      ManifestPlaces places, Map<String, String> env, Iterator<Provider> programmers) {
    Providers all = new Providers();
    for (Provider each : List.of(new Claude(), new Codex(), new Shell())) {
      all.usable.put(each.name(), each);
    }
    all.load(programmers);
    for (ManifestDirectory.Found file :
        ManifestDirectory.ofUser(places.providers(), places.user(), all.problems)) {
      all.add(file, env);
    }
    return all;
  }

  private void load(Iterator<Provider> programmers) {
    try {
      while (programmers.hasNext()) {
        Provider provider = programmers.next();
        String what = "the class " + provider.getClass().getName() + " ";
        if (!ManifestName.valid(provider.name())) {
          problems.add(ManifestProblem.of(what + "is a provider without a name that can be one"));
        } else if (usable.putIfAbsent(provider.name(), provider) != null) {
          problems.add(
              ManifestProblem.of(
                  what
                      + "is not used: there is another provider '"
                      + provider.name()
                      + "' already"));
        }
      }
    } catch (ServiceConfigurationError e) {
      problems.add(ManifestProblem.of("a provider's class cannot be loaded: " + e.getMessage()));
    }
  }

  private void add(ManifestDirectory.Found file, Map<String, String> env) {
    if (usable.containsKey(file.name())) {
      problems.add(
          ManifestProblem.in(
              file.path(),
              Position.START,
              "this is not used: there is another provider '"
                  + file.name()
                  + "' already; give the file another name"));
      return;
    }
    ProviderFile.Result read = ProviderFile.read(file.name(), file.path(), file.bytes(), env);
    read.provider().ifPresent(provider -> usable.put(file.name(), provider));
    if (read.provider().isEmpty()) {
      unusable.put(file.name(), read.problems());
      problems.addAll(read.problems());
    }
  }

  /**
   * The provider of that name.
   *
   * @throws ProviderException when there is none, with what there is, or its file has mistakes,
   *     with a line for each
   */
  public Provider named(String name) throws ProviderException {
    Provider provider = usable.get(name);
    if (provider != null) {
      return provider;
    }
    if (unusable.containsKey(name)) {
      throw new ProviderException(
          unusable.get(name).stream()
              .map(ManifestProblem::toString)
              .collect(Collectors.joining("\n")));
    }
    throw new ProviderException(
        (ManifestName.valid(name) ? "there is no provider '" + name + "'" : "this is no provider")
            + ManifestName.instead(name, names()));
  }

  /** The names of those that can be used, sorted. */
  public List<String> names() {
    return List.copyOf(new TreeSet<>(usable.keySet()));
  }

  /** What is wrong with those that cannot be used. */
  public List<ManifestProblem> problems() {
    return problems.stream().sorted().toList();
  }
}
