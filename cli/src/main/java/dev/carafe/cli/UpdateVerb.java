package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code machine update}: changes what a stopped machine is made of. */
final class UpdateVerb extends Verb {
  @Override
  String summary() {
    return "Changes a stopped machine.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine.", "-n", "--name")
        .value("N", "Virtual CPUs, at most 16.", "--cpus")
        .value("MiB", "Memory, at least 64.", "--mem")
        .value("GiB", "Recorded for programs that ask for it; only grows.", "--storage")
        .value("GiB", "Space for all that the guest writes; only grows.", "--overlay")
        .values("KEY=VALUE", "Set a variable of every command's environment.", "-e", "--env")
        .values("KEY", "Take a variable away.", "--remove-env")
        .value("DIR", "Working directory of every command.", "-w", "--workdir")
        .value("USER", "User of every command.", "--user")
        .values("HOST:GUEST", "Publish one more port of it.", "-p", "--port")
        .values("HOST:GUEST", "Publish a port no longer.", "--remove-port")
        .flag("Let it reach the public network, if it reaches nothing now.", "--net")
        .flag("Let it reach nothing.", "--no-net")
        .refuseValue(MachineFlags.NO_MOUNTS, "-v", "--volume")
        .refuseValue(MachineFlags.NO_MOUNTS, "--remove-volume")
        .refuseFlags(MachineFlags.NO_GPU, "--gpu")
        .refuseFlags("programs for another processor cannot be run", "--rosetta")
        .accepted("--no-gpu")
        .accepted("--no-rosetta")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine update --name web --mem 4096 --remove-env LANG");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.requiredMachineName();
    try (Machines machines = context.machines()) {
      Machine machine = Context.find(machines, name);
      requireStopped(machine);
      MachineSpec before = machine.spec();
      List<String> changes = new ArrayList<>();
      MachineSpec after = change(before, arguments, context, changes);
      if (changes.isEmpty()) {
        context.console().line("No changes specified.");
        return ExitCode.OK;
      }
      machine.update(after);
      context.console().line("Updated machine '" + name + "':");
      changes.forEach(line -> context.console().line("  " + line));
      return ExitCode.OK;
    }
  }

  private static MachineSpec change(
      MachineSpec spec, Arguments arguments, Context context, List<String> changes) {
    MachineSpec.Builder changed = spec.toBuilder();
    if (arguments.has("--cpus")) {
      int cpus = Values.cpus(arguments, context.console(), spec.cpus());
      changed.cpus(cpus);
      changes.add("CPUs: " + cpus);
    }
    if (arguments.has("--mem")) {
      int memory = Values.memoryMib(arguments, spec.memoryMib());
      changed.memoryMib(memory);
      changes.add("Memory: " + memory + " MiB");
    }
    disks(spec, changed, arguments, changes);
    Map<String, String> env = new LinkedHashMap<>(spec.env());
    Values.environment(arguments.values("--env"), context)
        .forEach(
            (key, value) -> {
              env.put(key, value);
              changes.add("Env: set " + key);
            });
    for (String key : arguments.values("--remove-env")) {
      if (env.remove(key) != null) {
        changes.add("Env: removed " + key);
      }
    }
    changed.network(network(spec.network(), arguments, changes));
    try {
      changed.env(env);
      Optional<String> directory = arguments.value("--workdir");
      if (directory.isPresent()) {
        changed.directory(Values.directory("--workdir", directory.get()));
        changes.add("Workdir: " + directory.get());
      }
      Optional<String> user = arguments.value("--user");
      if (user.isPresent()) {
        changed.user(user.get());
        changes.add("User: " + user.get());
      }
      return changed.build();
    } catch (MachineException e) {
      throw new UsageException(e.said());
    }
  }

  /** A list of what is allowed stays one: {@code --net} never makes it longer. */
  private static Network network(Network before, Arguments arguments, List<String> changes) {
    if (arguments.has("--net") && arguments.has("--no-net")) {
      throw new UsageException("--net and --no-net cannot be given together");
    }
    Network after = before;
    if (arguments.has("--no-net")) {
      after = Network.NONE.withPorts(before.ports());
      if (before.outbound()) {
        changes.add("Network: none");
      }
    } else if (arguments.has("--net")) {
      after = before.outbound() ? before : Network.open().withPorts(before.ports());
      changes.add("Network: " + NetworkFlags.words(after));
    }
    List<PublishedPort> ports = new ArrayList<>(before.ports());
    for (PublishedPort port : NetworkFlags.ports("--remove-port", arguments)) {
      if (ports.remove(port)) {
        changes.add("Port: removed " + port);
      }
    }
    for (PublishedPort port : NetworkFlags.ports("--port", arguments)) {
      if (!ports.contains(port)) {
        ports.add(port);
        changes.add("Port: added " + port);
      }
    }
    try {
      return after.withPorts(ports);
    } catch (MachineException e) {
      throw new UsageException(e.said());
    }
  }

  /** New sizes of the disks, which only grow: data of the guest may be anywhere on them. */
  static void disks(
      MachineSpec spec, MachineSpec.Builder changed, Arguments arguments, List<String> changes) {
    int storage = Values.storageGib(arguments, spec.storageGib());
    int overlay = Values.overlayGib(arguments, spec.overlayGib());
    requireGrowth("storage", spec.storageGib(), storage);
    requireGrowth("overlay", spec.overlayGib(), overlay);
    if (arguments.has("--storage")) {
      changes.add("Storage: " + storage + " GiB");
    }
    if (arguments.has("--overlay")) {
      changes.add("Overlay: " + overlay + " GiB");
    }
    changed.disks(storage, overlay);
  }

  private static void requireGrowth(String disk, int before, int after) {
    if (after < before) {
      throw new FailureException(
          "config operation failed: resize: the "
              + disk
              + " disk has "
              + before
              + " GiB and cannot shrink to "
              + after);
    }
  }

  static void requireStopped(Machine machine) {
    MachineStatus.State state = machine.status().state();
    if (state == MachineStatus.State.RUNNING || state == MachineStatus.State.UNREACHABLE) {
      throw new FailureException(
          "invalid vm state: expected stopped, got "
              + state.word()
              + ". Stop machine '"
              + machine.name()
              + "' first.");
    }
  }
}
