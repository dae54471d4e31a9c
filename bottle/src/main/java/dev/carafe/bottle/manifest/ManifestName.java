package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Nearest;
import java.util.Collection;

/** The names of agents, bottles and skills. */
public final class ManifestName {
  /** Characters of a name. */
  static final int MOST_LENGTH = 64;

  static final String RULE =
      "small letters, digits and hyphens, with a letter first, at most " + MOST_LENGTH;

  private ManifestName() {}

  /** Whether it can be the name of an agent, a bottle or a skill; so never a path. */
  public static boolean valid(String name) {
    return name.length() <= MOST_LENGTH && name.matches("[a-z][a-z0-9-]*");
  }

  /** A name that somebody wrote, for a sentence: what cannot be a name is not repeated. */
  static String shown(String name) {
    return valid(name) ? "'" + name + "'" : "this";
  }

  /** What there is instead of a name that does not exist: {@code "; did you mean 'web'?"}. */
  static String instead(String name, Collection<String> known, String plural) {
    return known.isEmpty() ? "; there are no " + plural + " yet" : instead(name, known);
  }

  /**
   * What there is instead of a name that does not exist: {@code "; did you mean 'web'?"}.
   *
   * @param known at least one
   */
  public static String instead(String name, Collection<String> known) {
    return Nearest.to(name, known)
        .map(nearest -> "; did you mean '" + nearest + "'?")
        .orElseGet(() -> "; there are " + listed(known));
  }

  private static String listed(Collection<String> names) {
    int most = 20;
    String first = String.join(", ", names.stream().limit(most).toList());
    return names.size() > most ? first + " and " + (names.size() - most) + " more" : first;
  }
}
