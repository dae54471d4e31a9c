package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Problems;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An agent's file, as far as it could be read.
 *
 * @param agent empty when there are mistakes
 * @param bottles those it names, with their places
 * @param problems its mistakes, by themselves
 */
record AgentFile(
    String name,
    Origin origin,
    Path path,
    Optional<Agent> agent,
    List<Named> bottles,
    List<ManifestProblem> problems) {

  static AgentFile read(String name, Origin origin, Path path, byte[] bytes) {
    Problems problems = new Problems();
    Optional<FrontMatter> content = FrontMatter.read(bytes, problems);
    content.ifPresent(c -> ManifestShape.AGENT.check(c.keys(), "an agent", problems));
    List<Named> bottles =
        content.map(c -> Named.read(c.keys(), "bottle", problems)).orElse(List.of());
    Optional<Agent> agent =
        content.map(
            c ->
                new Agent(
                    name,
                    origin,
                    path,
                    c.body(),
                    bottles.stream().map(Named::name).toList(),
                    Named.read(c.keys(), "skills", problems).stream().map(Named::name).toList(),
                    gitUser(c.keys(), problems)));
    return new AgentFile(
        name,
        origin,
        path,
        problems.none() ? agent : Optional.empty(),
        bottles,
        problems.all().stream().map(p -> ManifestProblem.in(path, p.at(), p.sentence())).toList());
  }

  private static GitUser gitUser(Fields keys, Problems problems) {
    return keys.fields("git-gate")
        .flatMap(git -> git.fields("user"))
        .map(user -> GitReader.user(user, problems))
        .orElse(GitUser.NOBODY);
  }
}
