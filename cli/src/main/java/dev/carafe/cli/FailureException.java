package dev.carafe.cli;

/** A command could not do its work; the message is printed after {@code Error: }. */
final class FailureException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  FailureException(String message) {
    this(message, ExitCode.FAILED, null);
  }

  FailureException(String message, int exitCode, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}
