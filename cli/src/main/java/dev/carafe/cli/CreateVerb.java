package dev.carafe.cli;

import dev.carafe.image.pack.LoadedPack;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** {@code machine create}: makes a machine, which is not started yet. */
final class CreateVerb extends Verb {
  @Override
  String summary() {
    return "Makes a machine; 'machine start' starts it.";
  }

  @Override
  void describe(Grammar grammar) {
    MachineFlags.describe(grammar);
    grammar
        .values("COMMAND", "Run by sh at the first start, in the order given.", "--init")
        .values("KEY=VALUE", "A mark, shown by 'machine ls --json'.", "--label")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "[NAME]")
        .commandAfterDashes("[-- COMMAND [ARGUMENT...]]")
        .example("machine create --name web --image debian:12 --net --init 'apt-get update'")
        .example("machine create web --cpus 4 --mem 4096 -e LANG=C.UTF-8")
        .example("machine create --name npm --allow-host registry.example.org -p 8080:80")
        .example(
            "machine create --name clock -- sh -c 'while sleep 60; do date; done >> /srv/clock'")
        .example("machine create --name copy --from web.smolmachine");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    String name = MachineFlags.name(arguments.machineName());
    MachineSpec spec;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      MachineSpec flags = MachineFlags.spec(arguments, context, name);
      Map<String, String> labels = new LinkedHashMap<>(Values.labels(arguments.values("--label")));
      // By some of its labels a machine knows its sidecar.
      labels.putAll(flags.labels());
      spec =
          flags.toBuilder()
              .init(arguments.values("--init"))
              .labels(labels)
              .workload(arguments.command())
              .build();
      Optional<String> file = arguments.value("--from");
      if (file.isPresent()) {
        console.line("Extracting .smolmachine assets...");
        LoadedPack pack = context.rooms().packs().load(Path.of(file.get()), progress);
        spec = MachineFlags.of(pack, spec, context);
      }
      try (Machines machines = context.rooms().machines(progress)) {
        create(machines, spec);
      }
    }
    console.line("Created machine: " + name);
    console.line("  CPUs: " + spec.cpus() + ", Memory: " + spec.memoryMib() + " MiB");
    if (!spec.network().ports().isEmpty()) {
      console.line("  Ports: " + spec.network().ports().size());
    }
    if (!spec.init().isEmpty()) {
      console.line("  Init commands: " + spec.init().size());
    }
    console.line("");
    String machine = context.program().name() + " machine ";
    console.line("Use '" + machine + "start --name " + name + "' to start the machine");
    console.line("Then use '" + machine + "exec --name " + name + " -- <command>' to run commands");
    return ExitCode.OK;
  }

  /** Makes the machine, with the words users of smolvm know when the name is taken. */
  static Machine create(Machines machines, MachineSpec spec) {
    try {
      return machines.create(spec);
    } catch (MachineException e) {
      if (e.code() == ErrorCode.ALREADY_EXISTS) {
        throw new FailureException(
            "config operation failed: create machine: machine '" + spec.name() + "' already exists",
            ExitCode.FAILED,
            e);
      }
      throw e;
    }
  }
}
