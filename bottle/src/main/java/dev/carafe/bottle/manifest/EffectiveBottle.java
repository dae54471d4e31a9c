package dev.carafe.bottle.manifest;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One bottle, as it comes out when all files that it is made of are put together.
 *
 * @param lineages for each bottle that was chosen, all that it is made of: the first ancestor
 *     first, itself last
 * @param env names and where their values come from, in the order of declaration
 * @param repos by their names
 */
public record EffectiveBottle(
    List<List<String>> lineages,
    Map<String, EnvValue> env,
    GitUser gitUser,
    List<GitRepo> repos,
    EgressPolicy egress,
    Optional<AgentProvider> provider) {

  public EffectiveBottle {
    lineages = lineages.stream().map(List::copyOf).toList();
    env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
    repos = List.copyOf(repos);
  }

  /** The bottles that were chosen, in their order. */
  public List<String> names() {
    return lineages.stream().map(List::getLast).toList();
  }
}
