package dev.carafe.cli;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machines;
import java.util.List;

/** {@code machine shell}: {@code exec -it -- /bin/sh}. */
final class ShellVerb extends Verb {
  @Override
  String summary() {
    return "Opens a shell in a running machine.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine shell --name web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String type = context.env().getOrDefault("TERM", "");
    ExecSpec spec =
        ExecSpec.of("/bin/sh").withEnv("TERM", type.isEmpty() ? "xterm" : type).withInput();
    try (Machines machines = context.machines()) {
      var machine = context.find(machines, arguments.machineName(), List.of(), "machine shell");
      return new Session(context, new Interrupts(context.signals())).run(machine, spec, true);
    }
  }
}
