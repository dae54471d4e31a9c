package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Machines;
import java.util.Optional;

/** {@code machine start}: starts a machine; makes {@code default} when none is named. */
final class StartVerb extends Verb {
  @Override
  String summary() {
    return "Starts a machine.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default, made if missing).", "-n", "--name")
        .flag("Show no progress.", "-q", "--quiet")
        .refuseFlags(MachineFlags.NO_FORK, "--forkable")
        .refuseValue(MachineFlags.NO_FORK, "--fork-pool-size")
        .refuseValue(MachineFlags.NO_GPU, "--cuda-vram-limit-mib")
        .refuseValue(MachineFlags.NO_PROXY, "--proxy")
        .refuseValue(MachineFlags.NO_PROXY, "--no-proxy")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine start --name web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Optional<String> given = arguments.machineName();
    boolean started;
    MachineStatus status;
    String name;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Machines machines = context.rooms().lastingMachines(progress)) {
      Machine machine =
          given.isPresent() ? Context.find(machines, given.get()) : standard(machines, context);
      name = machine.name();
      if (context.program().smolvm() && !machine.status().running()) {
        context
            .console()
            .note(
                "Starting machine '"
                    + name
                    + "' with 0 mount(s) and "
                    + machine.spec().network().ports().size()
                    + " port mapping(s)...");
      }
      started = machine.start();
      status = machine.status();
    }
    String process = status.pid().isPresent() ? " (PID: " + status.pid().getAsLong() + ")" : "";
    context
        .console()
        .line("Machine '" + name + "' " + (started ? "running" : "already running") + process);
    return ExitCode.OK;
  }

  /** The machine called {@code default}; of several that want to make it at once, one does. */
  private static Machine standard(Machines machines, Context context) {
    Optional<Machine> found = machines.find(ExecVerb.DEFAULT_NAME);
    if (found.isPresent()) {
      return found.get();
    }
    MachineSpec spec =
        MachineSpec.builder(ExecVerb.DEFAULT_NAME)
            .cpus(context.program().cpus())
            .memoryMib(context.program().memoryMib())
            .build();
    try {
      return machines.create(spec);
    } catch (MachineException e) {
      if (e.code() == ErrorCode.ALREADY_EXISTS) {
        return Context.find(machines, ExecVerb.DEFAULT_NAME);
      }
      throw e;
    }
  }
}
