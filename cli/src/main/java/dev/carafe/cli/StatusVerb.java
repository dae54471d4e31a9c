package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Machines;
import java.util.List;

/** {@code machine status}: how a machine is. */
final class StatusVerb extends Verb {
  @Override
  String summary() {
    return "Shows how a machine is.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .flag("As JSON: one object as 'machine ls --json' has them.", "--json")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine status --name web --json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.machineName().orElse(ExecVerb.DEFAULT_NAME);
    try (Machines machines = context.machines()) {
      Machine machine =
          context.find(machines, arguments.machineName(), List.of(), "machine status");
      MachineStatus status = machine.status();
      if (arguments.has("--json")) {
        context
            .console()
            .line(
                Json.of(
                    json -> MachineJson.write(json, machine.spec(), status, context.program())));
      } else {
        context.console().line("Machine '" + name + "': " + words(status, context.program()));
        if (status.failure().isPresent() && !context.program().smolvm()) {
          context.console().line("Its last start failed: " + Text.shown(status.failure().get()));
        }
      }
      return ExitCode.OK;
    }
  }

  private static String words(MachineStatus status, Program program) {
    if (status.running()) {
      return status.pid().isPresent()
          ? "running (PID: " + status.pid().getAsLong() + ")"
          : "running";
    }
    return program.before(0, 8, 1) ? "not running" : status.state().word();
  }
}
