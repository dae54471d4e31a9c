package dev.carafe.cli;

/**
 * The command line makes no sense, or asks for what is not built: exit code 2, nothing was touched.
 * The message is one sentence; a hint, when there is one, goes on the next line.
 */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }

  UsageException(String message, String hint) {
    super(hint.isEmpty() ? message : message + "\n\n  " + hint);
  }
}
