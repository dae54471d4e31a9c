package dev.carafe.cli;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.util.Map;
import java.util.Optional;

/**
 * All that a verb may touch.
 *
 * @param env this process's environment
 */
record Context(
    Program program,
    Console console,
    Terminal terminal,
    Signals signals,
    Map<String, String> env,
    Rooms rooms) {

  /** Progress on standard error, unless {@code quiet}. */
  TerminalProgress progress(boolean quiet) {
    return new TerminalProgress(console, terminal.error(), quiet, System::nanoTime);
  }

  /** The user's machines, with progress of nothing shown: for verbs that are quick. */
  Machines machines() {
    return rooms.machines(Progress.silent());
  }

  /** The machine of that name, or the error users of smolvm know. */
  static Machine find(Machines machines, String name) {
    Optional<Machine> found = Optional.empty();
    try {
      MachineSpec.checkName(name);
      found = machines.find(name);
    } catch (MachineException e) {
      // What cannot be a name is no machine's name, and never reaches the engine as a path.
      if (e.code() != ErrorCode.INVALID) {
        throw e;
      }
    }
    return found.orElseThrow(() -> new FailureException("vm not found: " + Text.shown(name)));
  }

  /**
   * What to throw for a failed command or copy: when it failed because the machine does not run,
   * the words users of smolvm know. Looking before is not worth the time: it nearly always runs.
   */
  RuntimeException explained(Machine machine, MachineException e) {
    if (e.code() != ErrorCode.STATE || machine.status().running()) {
      return e;
    }
    String name = machine.name();
    return new FailureException(
        "agent operation failed: connect: machine '"
            + name
            + "' is not running. Use '"
            + program.name()
            + " machine start --name "
            + name
            + "' first.",
        ExitCode.FAILED,
        e);
  }
}
