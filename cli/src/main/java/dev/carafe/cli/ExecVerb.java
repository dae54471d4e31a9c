package dev.carafe.cli;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code machine exec}: runs a command in a running machine. */
final class ExecVerb extends Verb {
  /** The machine meant when none is named. */
  static final String DEFAULT_NAME = "default";

  @Override
  String summary() {
    return "Runs a command in a running machine.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .value("DIR", "Working directory (default: the machine's).", "-w", "--workdir")
        .values("KEY=VALUE", "Environment of the command; KEY alone: ours.", "-e", "--env")
        .value("USER", "Who runs it: name, uid, uid:gid (default: the machine's).", "--user")
        .flag("Start it and return; prints its process id in the guest.", "-d", "--detach")
        .accepted("--stream")
        .refuseValue(MachineFlags.NO_SECRETS, "--secret-env")
        .refuseValue(MachineFlags.NO_SECRETS, "--secret-file");
    describeCommand(grammar);
    grammar
        .trailingCommand("[--] COMMAND [ARGUMENT...]")
        .example("machine exec --name web -- ls -l /srv")
        .example("machine exec --name web -it -- bash")
        .example("machine exec --name web -w /srv --timeout 30s -e CI=1 -- make test")
        .example("machine exec --name web -- tar -c /srv > srv.tar");
  }

  /** The options that {@code run} has too. */
  static void describeCommand(Grammar grammar) {
    grammar
        .flag("Pass standard input on; without, it is empty.", "-i", "--interactive")
        .flag("Run it on a terminal of its own; implies -i.", "-t", "--tty")
        .value("TIME", "Kill it after this time: 30s, 5m, 1h30m (exit code 124).", "--timeout");
  }

  @Override
  int run(Arguments arguments, Context context) {
    boolean terminal = arguments.has("--tty");
    boolean detached = arguments.has("--detach");
    if (detached && (terminal || arguments.has("--interactive") || arguments.has("--stream"))) {
      throw new UsageException("--detach cannot be given together with -i, -t or --stream");
    }
    if (arguments.positionals().isEmpty()) {
      throw new UsageException(
          "no command was given",
          "Usage: " + context.program().name() + " machine exec --name NAME -- COMMAND");
    }
    ExecSpec spec = spec(arguments.positionals(), arguments, context);
    Optional<String> directory = arguments.value("--workdir");
    if (directory.isPresent()) {
      spec = spec.withDirectory(Values.directory("--workdir", directory.get()));
    }
    Optional<String> user = arguments.value("--user");
    if (user.isPresent()) {
      spec = spec.withUser(user.get());
    }
    Map<String, String> env = new LinkedHashMap<>(spec.env());
    env.putAll(Values.environment(arguments.values("--env"), context));
    spec = spec.withEnv(env);
    try (Machines machines = context.machines()) {
      Machine machine =
          context.find(
              machines, arguments.value("--name"), arguments.positionals(), "machine exec");
      return detached
          ? detach(machine, spec.asDetached(), context)
          : new Session(context, new Interrupts(context.signals())).run(machine, spec, terminal);
    }
  }

  /** The command, with what the options that {@code run} has too say about it. */
  static ExecSpec spec(List<String> command, Arguments arguments, Context context) {
    try {
      ExecSpec spec = ExecSpec.of(command);
      Optional<String> timeout = arguments.value("--timeout");
      if (timeout.isPresent()) {
        spec = spec.withTimeout(Values.duration("--timeout", timeout.get()));
      }
      if (arguments.has("--tty")) {
        String type = context.env().getOrDefault("TERM", "");
        spec = spec.withEnv("TERM", type.isEmpty() ? "xterm" : type).withInput();
      }
      return arguments.has("--interactive") ? spec.withInput() : spec;
    } catch (MachineException e) {
      throw new UsageException(e.said());
    }
  }

  private static int detach(Machine machine, ExecSpec spec, Context context) {
    try (Execution execution = machine.exec(spec)) {
      int exitCode = execution.await();
      if (exitCode != ExitCode.OK) {
        context.console().note(execution.message());
        return exitCode;
      }
      context.console().line(Integer.toString(execution.guestPid().orElse(0)));
      return ExitCode.OK;
    } catch (MachineException e) {
      throw context.explained(machine, e);
    }
  }
}
