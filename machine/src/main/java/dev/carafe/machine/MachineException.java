package dev.carafe.machine;

import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Something other than a guest command's own exit code went wrong. Its message is one sentence or
 * two for a person: what was attempted, what was said, and where it helps what to do next. It never
 * contains a secret or the value of an environment variable.
 */
public final class MachineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final String attempted;
  private final String said;
  private final transient List<String> argv;
  private final transient OptionalInt exitCode;

  /**
   * @param attempted what was tried, as a verb phrase: {@code "start machine 'web'"}
   * @param said what the other side, or the check that failed, said
   */
  public MachineException(ErrorCode code, String attempted, String said) {
    this(code, attempted, said, null);
  }

  public MachineException(ErrorCode code, String attempted, String said, Throwable cause) {
    this(code, attempted, said, cause, List.of(), OptionalInt.empty());
  }

  private MachineException(
      ErrorCode code,
      String attempted,
      String said,
      Throwable cause,
      List<String> argv,
      OptionalInt exitCode) {
    super("cannot " + attempted + ": " + said, cause);
    this.code = Objects.requireNonNull(code);
    this.attempted = Objects.requireNonNull(attempted);
    this.said = Objects.requireNonNull(said);
    this.argv = List.copyOf(argv);
    this.exitCode = exitCode;
  }

  /**
   * A program the engine ran failed.
   *
   * @param argv what was run, with the values of environment variables already hidden
   * @param exitCode the program's exit code
   * @param stderr what it wrote to standard error
   */
  public static MachineException ofProgram(
      ErrorCode code, String attempted, List<String> argv, int exitCode, String stderr) {
    String said =
        stderr.isBlank() ? "it exited with " + exitCode + " and said nothing" : stderr.strip();
    return new MachineException(code, attempted, said, null, argv, OptionalInt.of(exitCode));
  }

  public ErrorCode code() {
    return code;
  }

  /** What was tried, as a verb phrase. */
  public String attempted() {
    return attempted;
  }

  /** What went wrong, in the words of whoever noticed. */
  public String said() {
    return said;
  }

  /** The program that failed with its arguments, secrets hidden; empty when no program was run. */
  public List<String> argv() {
    return argv == null ? List.of() : argv;
  }

  /** The exit code of the program that failed; empty when no program was run. */
  public OptionalInt exitCode() {
    return exitCode == null ? OptionalInt.empty() : exitCode;
  }
}
