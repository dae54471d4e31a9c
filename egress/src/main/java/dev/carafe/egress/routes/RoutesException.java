package dev.carafe.egress.routes;

import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A routes file cannot be used. The message has one line for each mistake, {@code FILE:LINE:COLUMN:
 * sentence}, and no value of a secret; of a file that cannot be read, {@code FILE: sentence}.
 */
public final class RoutesException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  RoutesException(Path file, List<Problem> problems) {
    super(problems.stream().map(problem -> problem.in(file)).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** The file as such is the problem. */
  static RoutesException unreadable(Path file, String sentence) {
    return new RoutesException(file, List.of(new Problem(Position.NOWHERE, sentence)));
  }

  /** All mistakes, in the order of the file. */
  public List<Problem> problems() {
    return problems;
  }
}
