package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Machines;
import java.util.List;

/** {@code machine stop}: stops a machine; its disks stay. */
final class StopVerb extends Verb {
  @Override
  String summary() {
    return "Stops a machine; its disks stay.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine stop --name web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.machineName().orElse(ExecVerb.DEFAULT_NAME);
    Console console = context.console();
    try (Machines machines = context.machines()) {
      if (context.program().before(0, 8, 1) && machines.find(name).isEmpty()) {
        console.line("Machine '" + name + "' not found or not running");
        return ExitCode.OK;
      }
      Machine machine = context.find(machines, arguments.machineName(), List.of(), "machine stop");
      MachineStatus status = machine.status();
      if (status.running() || status.state() == MachineStatus.State.UNREACHABLE) {
        console.line("Stopping machine '" + name + "'...");
        machine.stop();
        console.line("Stopped machine: " + name);
      } else {
        console.line(
            "Machine '" + name + "' is not running (state: " + status.state().word() + ")");
      }
      return ExitCode.OK;
    }
  }
}
