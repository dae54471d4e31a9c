package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;

/** {@code machine delete}: removes a machine with all its files, after asking. */
final class DeleteVerb extends Verb {
  @Override
  String summary() {
    return "Removes a machine with all its files (alias: rm).";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine.", "-n", "--name")
        .flag("Do not ask.", "-f", "--force")
        .accepted("--cascade")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine delete --name web")
        .example("machine delete -f web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.requiredMachineName();
    Console console = context.console();
    try (Machines machines = context.machines()) {
      Machine machine = Context.find(machines, name);
      if (!arguments.has("--force")
          && !console.confirm(
              "Delete machine '" + name + "'? [y/N] ",
              context.program().smolvm() ? "" : "--force")) {
        console.line("Cancelled");
        return ExitCode.OK;
      }
      console.line("Cleaning up data directory for vm: " + name);
      machine.delete();
      console.line("Deleted machine: " + name);
      return ExitCode.OK;
    }
  }
}
