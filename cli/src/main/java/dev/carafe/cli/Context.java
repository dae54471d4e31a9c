package dev.carafe.cli;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.util.List;
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
   * The machine of that name; when none was named, the one called {@code default}. Where that does
   * not exist, it is said that a name is missing, except under the name smolvm.
   *
   * @param given the name, if one was given
   * @param words what was given besides, of which the first may be what was meant as the name
   * @param verb the words that call the verb, without the program: {@code "machine exec"}
   */
  Machine find(Machines machines, Optional<String> given, List<String> words, String verb) {
    if (given.isPresent() || program.smolvm() || machines.find(ExecVerb.DEFAULT_NAME).isPresent()) {
      return find(machines, given.orElse(ExecVerb.DEFAULT_NAME));
    }
    String call = program.name() + " " + verb + " --name ";
    String hint = "no machine was named: use '" + call + "NAME'";
    if (words.size() > 1 && isMachine(machines, words.getFirst())) {
      int start = words.get(1).equals("--") ? 2 : 1;
      String command = Text.shown(String.join(" ", words.subList(start, words.size())));
      hint =
          "no machine was named; did you mean '"
              + call
              + words.getFirst()
              + " -- "
              + command
              + "'?";
    }
    throw new FailureException("vm not found: " + ExecVerb.DEFAULT_NAME + ": " + hint);
  }

  private static boolean isMachine(Machines machines, String word) {
    try {
      MachineSpec.checkName(word);
      return machines.find(word).isPresent();
    } catch (MachineException e) {
      return false;
    }
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
