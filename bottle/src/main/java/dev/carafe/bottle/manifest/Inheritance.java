package dev.carafe.bottle.manifest;

import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.RoutesShape;
import dev.carafe.egress.yaml.Position;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Puts bottles together with what they extend, each once. One thread. */
final class Inheritance {
  /** Bottles that extend one another in a row. */
  private static final int MOST_DEPTH = 20;

  private static final String TOO_DEEP =
      "with this, more than " + MOST_DEPTH + " bottles extend one another in a row; extend fewer";

  private final Map<String, BottleFile> files;
  private final Map<String, Result> results = new HashMap<>();
  private final Set<String> chain = new LinkedHashSet<>();

  /**
   * @param bottle empty when there are problems
   * @param problems of the file, of what it extends, and of how they fit together
   * @param depth bottles that extend one another in a row, down to this one
   */
  record Result(Optional<Resolved> bottle, Set<ManifestProblem> problems, int depth) {}

  Inheritance(Map<String, BottleFile> files) {
    this.files = files;
  }

  /** The bottle of that name, which exists. */
  Result resolve(String name) {
    Result known = results.get(name);
    if (known == null) {
      chain.add(name);
      known = compute(files.get(name));
      chain.remove(name);
      results.put(name, known);
    }
    return known;
  }

  private Result compute(BottleFile file) {
    Set<ManifestProblem> problems = new LinkedHashSet<>(file.problems());
    Resolved below = Resolved.NOTHING;
    int depth = 1;
    for (Named parent : file.parents()) {
      Optional<String> why = cannotExtend(file, parent.name());
      if (why.isPresent()) {
        problems.add(ManifestProblem.in(file.path(), parent.at(), why.get()));
        continue;
      }
      Result result = resolve(parent.name());
      problems.addAll(result.problems());
      below = result.bottle().map(below::and).orElse(below);
      depth = Math.max(depth, result.depth() + 1);
      if (result.depth() == MOST_DEPTH) {
        problems.add(ManifestProblem.in(file.path(), parent.at(), TOO_DEEP));
      }
    }
    Resolved whole = below.under(file);
    if (problems.isEmpty()) {
      fit(whole).forEach(why -> problems.add(ManifestProblem.in(file.path(), at(file), why)));
    }
    return new Result(problems.isEmpty() ? Optional.of(whole) : Optional.empty(), problems, depth);
  }

  private static Position at(BottleFile file) {
    return file.parents().isEmpty() ? Position.START : file.parents().getLast().at();
  }

  private Optional<String> cannotExtend(BottleFile file, String parent) {
    if (parent.equals(file.name())) {
      return Optional.of("'" + parent + "' cannot extend itself; take it away");
    }
    if (!files.containsKey(parent)) {
      return Optional.of(
          "there is no bottle '"
              + parent
              + "' to extend"
              + ManifestName.instead(parent, others(file), "other bottles"));
    }
    if (chain.contains(parent)) {
      List<String> circle = new ArrayList<>(chain);
      circle = circle.subList(circle.indexOf(parent), circle.size());
      return Optional.of(
          "these extend one another in a circle: "
              + String.join(" -> ", circle)
              + " -> "
              + parent
              + "; take one of them away");
    }
    return Optional.empty();
  }

  private Collection<String> others(BottleFile file) {
    return files.keySet().stream().filter(name -> !name.equals(file.name())).toList();
  }

  /** What keeps bottles from being used together; sentences. */
  static List<String> fit(Resolved whole) {
    List<String> sentences = new ArrayList<>();
    whole.collision().ifPresent(collision -> sentences.add(sentence(collision)));
    most(sentences, "routes", whole.egress().routes().size(), RoutesShape.MOST_ROUTES);
    most(sentences, "ranges in 'allow'", whole.egress().allow().size(), RoutesShape.MOST_ALLOWED);
    most(
        sentences,
        "files in 'ca'",
        whole.egress().authorities().size(),
        RoutesShape.MOST_AUTHORITIES);
    most(sentences, "variables in 'env'", whole.env().size(), ManifestShape.MOST_ENV);
    most(sentences, "repositories", whole.repos().size(), ManifestShape.MOST_REPOS);
    return sentences;
  }

  private static void most(List<String> sentences, String what, int count, int most) {
    if (count > most) {
      sentences.add("together these bottles have more than " + most + " " + what);
    }
  }

  private static String sentence(Resolved.Collision collision) {
    return "the route to "
        + collision.first().route().host()
        + " is in "
        + place(collision.first())
        + " and, with other content, in "
        + place(collision.second())
        + "; make them the same, or say in a bottle that extends both what is meant, by an 'egress'"
        + " of its own";
  }

  private static String place(DeclaredRoute route) {
    return route.file() + ":" + route.at();
  }
}
