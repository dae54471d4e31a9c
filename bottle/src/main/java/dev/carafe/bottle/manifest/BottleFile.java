package dev.carafe.bottle.manifest;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A bottle's file, as far as it could be read. What is empty was not declared; what was declared
 * without content is there, and clears what is inherited.
 *
 * @param problems its mistakes, by themselves
 */
record BottleFile(
    String name,
    Path path,
    List<Named> parents,
    Optional<Map<String, EnvValue>> env,
    Optional<GitUser> gitUser,
    Optional<Map<String, DeclaredRepo>> repos,
    Optional<EgressPolicy> egress,
    Optional<AgentProvider> provider,
    List<ManifestProblem> problems) {}
