package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;

/**
 * What is printed after {@code Error: }, and the exit code, for everything that goes wrong below
 * the command line. The first words are smolvm's and stable: programs look for them.
 */
final class Failures {
  private Failures() {}

  static String sentence(MachineException e) {
    String said = e.said();
    return switch (e.code()) {
      case NOT_FOUND ->
          said.startsWith("vm not found: ") ? said : "vm not found: " + e.attempted() + ": " + said;
      case ALREADY_EXISTS -> "config operation failed: " + e.attempted() + ": " + said;
      case INVALID, UNSUPPORTED -> "config operation failed: " + e.attempted() + ": " + said;
      case STATE -> "invalid vm state: " + e.attempted() + ": " + said;
      case IMAGE -> "agent operation failed: " + e.attempted() + ": " + said;
      case STORAGE -> "storage operation failed: " + e.attempted() + ": " + said;
      case COPY -> "agent operation failed: " + e.attempted() + ": " + said;
      case HOST -> "hypervisor not available: " + e.attempted() + ": " + said;
      case GUEST, LOST, TIMEOUT ->
          // A failed init command is known by its own first words.
          said.startsWith("init[")
              ? said
              : "agent operation failed: " + e.attempted() + ": " + said;
      case ENGINE -> "vm creation failed: " + e.attempted() + ": " + said;
    };
  }

  /** The same for those who speak of bottles: no word of smolvm's leads it. */
  static String plain(MachineException e) {
    return e.attempted() + ": " + e.said();
  }

  static int exitCode(MachineException e) {
    return e.code() == ErrorCode.UNSUPPORTED ? ExitCode.USAGE : ExitCode.FAILED;
  }
}
