package dev.carafe.bottle;

import dev.carafe.bottle.manifest.ManifestProblem;
import java.util.List;

/**
 * Something about a bottle did not work. The message is for a person: what was attempted, why it
 * failed, what was undone, and what to do; without secrets.
 */
public final class BottleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Not to be sent anywhere: only this process reads them. */
  private final transient List<ManifestProblem> problems;

  public BottleException(String sentence) {
    this(sentence, null, List.of());
  }

  /**
   * One that says several things at once.
   *
   * @param problems each by itself, for programs
   */
  BottleException(String sentence, Throwable cause, List<ManifestProblem> problems) {
    super(sentence, cause);
    this.problems = List.copyOf(problems);
  }

  /** What is wrong, each thing by itself; at least one. */
  public List<ManifestProblem> problems() {
    return problems == null || problems.isEmpty()
        ? List.of(ManifestProblem.of(getMessage()))
        : problems;
  }

  public BottleException(String sentence, Throwable cause) {
    this(sentence, cause, List.of());
  }
}
