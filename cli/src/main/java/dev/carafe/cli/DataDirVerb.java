package dev.carafe.cli;

import dev.carafe.machine.Machines;

/** {@code machine data-dir}: where a machine keeps its files. */
final class DataDirVerb extends Verb {
  @Override
  String summary() {
    return "Prints the directory a machine keeps its files in.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine.", "-n", "--name")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine data-dir --name web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.requiredMachineName();
    try (Machines machines = context.machines()) {
      context.console().line(Context.find(machines, name).directory().toString());
      return ExitCode.OK;
    }
  }
}
