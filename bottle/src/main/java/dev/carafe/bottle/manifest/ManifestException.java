package dev.carafe.bottle.manifest;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An agent or a bottle cannot be used. The message has one line for each mistake, and no value that
 * may be a secret.
 */
public final class ManifestException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<ManifestProblem> problems;

  ManifestException(List<ManifestProblem> problems) {
    super(problems.stream().map(ManifestProblem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** All mistakes, by file and place. */
  public List<ManifestProblem> problems() {
    return problems;
  }
}
