package dev.carafe.cli;

/** The exit codes that are Carafe's own. A guest command's exit code is passed on as it is. */
final class ExitCode {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;

  /** Interactive: the connection to the guest was lost. Otherwise: a command's time was up. */
  static final int TIMED_OUT = 124;

  /** The program was found in the guest and is not executable. */
  static final int NOT_EXECUTABLE = 126;

  /** There is no such program in the guest. */
  static final int NO_SUCH_PROGRAM = 127;

  /** The connection to the guest was lost while a command ran. */
  static final int LOST = 129;

  /** Nobody reads our standard output any more: what a shell shows for SIGPIPE. */
  static final int OUTPUT_CLOSED = 141;

  private ExitCode() {}

  /** What a shell shows for a process that a signal ended. */
  static int ofSignal(int signal) {
    return 128 + signal;
  }
}
