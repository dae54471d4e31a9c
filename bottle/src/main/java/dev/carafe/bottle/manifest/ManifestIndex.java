package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All agents and bottles that there are. A file with mistakes is among them, and does no harm to
 * others: it only cannot be loaded.
 *
 * <p>An agent of the repository does not take the place of one of the user's of the same name: it
 * is {@link #shadowed}. The files are read once, at the beginning. Immutable; any thread.
 */
public final class ManifestIndex {
  private final ManifestPlaces places;
  private final Map<String, AgentFile> agents = new TreeMap<>();
  private final Map<String, BottleFile> bottles = new TreeMap<>();
  private final List<FoundAgent> shadowed = new ArrayList<>();
  private final Map<String, Inheritance.Result> resolved = new HashMap<>();
  private final List<ManifestProblem> problems;

  /**
   * An agent's file.
   *
   * @param usable whether it has no mistakes in itself
   */
  public record FoundAgent(String name, Origin origin, Path file, boolean usable) {}

  /**
   * A bottle's file.
   *
   * @param usable whether it and all that it extends have no mistakes
   * @param extended the names of the bottles that it is made from
   */
  public record FoundBottle(String name, Path file, boolean usable, List<String> extended) {}

  private ManifestIndex(ManifestPlaces places, Map<String, String> env) {
    this.places = places;
    Set<ManifestProblem> all = new TreeSet<>();
    List<ManifestProblem> outside = new ArrayList<>();
    for (var found : ManifestDirectory.ofUser(places.bottles(), places.user(), outside)) {
      bottles.put(found.name(), BottleReader.read(found.name(), found.path(), found.bytes(), env));
    }
    for (var found : ManifestDirectory.ofUser(places.agents(), places.user(), outside)) {
      agents.put(
          found.name(), AgentFile.read(found.name(), Origin.USER, found.path(), found.bytes()));
    }
    for (var found :
        ManifestDirectory.ofRepository(places.repositoryAgents(), places.repository(), outside)) {
      AgentFile file = AgentFile.read(found.name(), Origin.REPOSITORY, found.path(), found.bytes());
      if (agents.containsKey(found.name())) {
        shadowed.add(entry(file));
      } else {
        agents.put(found.name(), file);
      }
    }
    all.addAll(outside);
    Inheritance inheritance = new Inheritance(bottles);
    bottles.keySet().forEach(name -> resolved.put(name, inheritance.resolve(name)));
    resolved.values().forEach(result -> all.addAll(result.problems()));
    agents.values().forEach(agent -> all.addAll(problems(agent)));
    problems = List.copyOf(all);
  }

  /**
   * Reads all files. Blocks while it does.
   *
   * @param env where {@code HOME} is looked up, for paths that begin with {@code ~/}
   */
  public static ManifestIndex read(ManifestPlaces places, Map<String, String> env) {
    return new ManifestIndex(places, env);
  }

  public ManifestPlaces places() {
    return places;
  }

  /** By name. */
  public List<FoundAgent> agents() {
    return agents.values().stream().map(ManifestIndex::entry).toList();
  }

  /** By name. */
  public List<FoundBottle> bottles() {
    return bottles.values().stream()
        .map(
            file ->
                new FoundBottle(
                    file.name(),
                    file.path(),
                    resolved.get(file.name()).bottle().isPresent(),
                    file.parents().stream().map(Named::name).toList()))
        .toList();
  }

  /** Agents of the repository that are not used, because the user has one of that name. */
  public List<FoundAgent> shadowed() {
    return List.copyOf(shadowed);
  }

  /** All mistakes, by file and place. */
  public List<ManifestProblem> problems() {
    return problems;
  }

  private static FoundAgent entry(AgentFile file) {
    return new FoundAgent(file.name(), file.origin(), file.path(), file.agent().isPresent());
  }

  /** An agent's own mistakes, and bottles that it names and that are not there. */
  private List<ManifestProblem> problems(AgentFile agent) {
    List<ManifestProblem> all = new ArrayList<>(agent.problems());
    for (Named bottle : agent.bottles()) {
      if (!bottles.containsKey(bottle.name())) {
        all.add(
            ManifestProblem.in(agent.path(), bottle.at(), noBottle(bottle.name(), agent.origin())));
      }
    }
    return all;
  }

  private static String instead(String name, Collection<String> known, String plural) {
    return ManifestName.instead(name, known, plural)
        + (known.isEmpty() ? "; 'carafe init' makes a first pair" : "");
  }

  private String noBottle(String name, Origin origin) {
    String where = origin == Origin.REPOSITORY ? " (a repository cannot bring one)" : "";
    return "there is no bottle "
        + ManifestName.shown(name)
        + " in "
        + places.bottles()
        + where
        + instead(name, bottles.keySet(), "bottles");
  }

  /**
   * An agent with the bottle that it runs in.
   *
   * @param chosen the bottles, in their order, a later one winning; empty: those that the agent
   *     names
   * @throws ManifestException says everything that is wrong with the files that are used
   */
  public Manifest load(String agent, List<String> chosen) throws ManifestException {
    AgentFile file = agents.get(agent);
    if (file == null) {
      throw new ManifestException(
          List.of(
              ManifestProblem.of(
                  "there is no agent "
                      + ManifestName.shown(agent)
                      + instead(agent, agents.keySet(), "agents"))));
    }
    Set<ManifestProblem> all = new TreeSet<>(file.problems());
    List<String> names = chosen;
    if (chosen.isEmpty()) {
      names = file.bottles().stream().map(Named::name).toList();
      all.addAll(problems(file));
    }
    if (names.isEmpty() && all.isEmpty()) {
      all.add(ManifestProblem.in(file.path(), Position.START, noneNamed(agent)));
    }
    Optional<EffectiveBottle> bottle = together(names, !chosen.isEmpty(), all);
    if (!all.isEmpty()) {
      throw new ManifestException(List.copyOf(all));
    }
    return new Manifest(file.agent().orElseThrow(), bottle.orElseThrow());
  }

  private String noneNamed(String agent) {
    return "the agent '"
        + agent
        + "' names no bottle, and none was chosen; write 'bottle: NAME' here, or choose one"
        + instead("", bottles.keySet(), "bottles");
  }

  /**
   * Bottles without an agent, put together.
   *
   * @param names in their order, a later one winning; at least one
   * @throws ManifestException says everything that is wrong with the files that are used
   */
  public EffectiveBottle bottle(List<String> names) throws ManifestException {
    Set<ManifestProblem> all = new TreeSet<>();
    Optional<EffectiveBottle> bottle = together(names, true, all);
    if (bottle.isEmpty()) {
      throw new ManifestException(List.copyOf(all));
    }
    return bottle.get();
  }

  /** The bottles together; empty, and problems, when that is not possible. */
  private Optional<EffectiveBottle> together(
      Collection<String> names, boolean sayMissing, Set<ManifestProblem> all) {
    Resolved whole = Resolved.NOTHING;
    List<List<String>> lineages = new ArrayList<>();
    int before = all.size();
    boolean missing = names.isEmpty();
    for (String name : names) {
      if (!bottles.containsKey(name)) {
        missing = true;
        if (sayMissing) {
          all.add(ManifestProblem.of(noBottle(name, Origin.USER)));
        }
        continue;
      }
      Inheritance.Result result = resolved.get(name);
      all.addAll(result.problems());
      if (result.bottle().isPresent()) {
        whole = whole.and(result.bottle().get());
        lineages.add(result.bottle().get().lineage());
      }
    }
    if (missing || all.size() > before) {
      return Optional.empty();
    }
    Inheritance.fit(whole).forEach(why -> all.add(ManifestProblem.of(why)));
    List<GitRepo> repos = repos(whole, all);
    return all.size() > before
        ? Optional.empty()
        : Optional.of(
            new EffectiveBottle(
                lineages, whole.env(), whole.gitUser(), repos, whole.egress(), whole.provider()));
  }

  private List<GitRepo> repos(Resolved whole, Set<ManifestProblem> all) {
    List<GitRepo> repos = new ArrayList<>();
    whole
        .repos()
        .forEach(
            (name, repo) -> {
              if (repo.url().isPresent() && repo.key().isPresent()) {
                repos.add(new GitRepo(name, repo.url().get(), repo.key().get(), repo.hostKey()));
              } else {
                all.add(
                    ManifestProblem.in(
                        repo.file(),
                        repo.at(),
                        "the repository '"
                            + name
                            + "' lacks '"
                            + (repo.url().isEmpty() ? "url" : "key")
                            + "', and no other bottle has it"));
              }
            });
    return repos;
  }
}
