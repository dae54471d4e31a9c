package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.util.ArrayList;
import java.util.List;

/** {@code machine resize}: makes a stopped machine's disks larger. */
final class ResizeVerb extends Verb {
  @Override
  String summary() {
    return "Makes a stopped machine's disks larger.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .value("GiB", "Recorded for programs that ask for it.", "--storage")
        .value("GiB", "Space for all that the guest writes, at most 64.", "--overlay")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine resize --name web --overlay 20");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (!arguments.has("--storage") && !arguments.has("--overlay")) {
      throw new UsageException("give --storage, --overlay or both");
    }
    String name = arguments.machineName().orElse(ExecVerb.DEFAULT_NAME);
    try (Machines machines = context.machines()) {
      Machine machine =
          context.find(machines, arguments.machineName(), List.of(), "machine resize");
      UpdateVerb.requireStopped(machine);
      List<String> changes = new ArrayList<>();
      MachineSpec spec = machine.spec();
      MachineSpec.Builder changed = spec.toBuilder();
      UpdateVerb.disks(spec, changed, arguments, changes);
      machine.update(changed.build());
      context.console().line("Resized machine '" + name + "':");
      changes.forEach(line -> context.console().line("  " + line));
      return ExitCode.OK;
    }
  }
}
