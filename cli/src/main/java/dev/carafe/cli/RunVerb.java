package dev.carafe.cli;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.pack.LoadedPack;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code run}: makes a machine, runs one command in it, and removes it, whatever happens. With
 * {@code -d} the machine stays, and the command is its workload.
 */
final class RunVerb extends Verb {
  @Override
  String summary() {
    return "Runs a command in a new machine that is removed afterwards.";
  }

  @Override
  void describe(Grammar grammar) {
    MachineFlags.describe(grammar);
    ExecVerb.describeCommand(grammar);
    grammar
        .flag("Keep the machine, running in the background.", "-d", "--detach")
        .flag("Show no progress.", "-q", "--quiet")
        .accepted("--rm")
        .trailingCommand("[--] [COMMAND [ARGUMENT...]]")
        .example("run -- sh -c 'echo hello; cat /etc/os-release'")
        .example("run -it -- bash")
        .example("run --image debian:12 --mem 4096 -e LANG=C.UTF-8 -- uname -a")
        .example("run -i -- sha256sum < file");
  }

  @Override
  int run(Arguments arguments, Context context) {
    boolean terminal = arguments.has("--tty");
    if (arguments.has("--detach")
        && (terminal || arguments.has("--interactive") || arguments.has("--rm"))) {
      throw new UsageException("--detach cannot be given together with -i, -t or --rm");
    }
    String name = MachineFlags.name(arguments.value("--name"));
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      MachineSpec spec = MachineFlags.spec(arguments, context, name);
      Optional<String> file = arguments.value("--from");
      if (file.isPresent()) {
        progress.step("Extracting .smolmachine assets...");
        LoadedPack pack = context.rooms().packs().load(Path.of(file.get()), progress);
        spec = MachineFlags.of(pack, spec, context);
      }
      List<String> command = arguments.positionals();
      if (command.isEmpty()) {
        command = imageCommand(spec, context, progress);
      }
      if (arguments.has("--detach")) {
        return detached(spec.toBuilder().workload(command).build(), context, progress);
      }
      if (command.isEmpty()) {
        throw new FailureException(
            "no command specified, and the image has none. Give one: "
                + context.program().name()
                + " run -- COMMAND");
      }
      ExecSpec exec = ExecVerb.spec(command, arguments, context);
      return ephemeral(spec.toBuilder().ephemeral(true).build(), exec, terminal, context, progress);
    }
  }

  private static List<String> imageCommand(
      MachineSpec spec, Context context, TerminalProgress progress) {
    Image image = context.rooms().images().ensure(spec.image().orElse("base"), progress);
    ImageConfig config = image.config();
    return MachineFlags.defaultCommand(config.entrypoint(), config.cmd());
  }

  private static int ephemeral(
      MachineSpec spec,
      ExecSpec exec,
      boolean terminal,
      Context context,
      TerminalProgress progress) {
    if (context.program().smolvm()) {
      context.console().note("Starting ephemeral machine (" + spec.name() + ")...");
    }
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    try (Machines machines = context.rooms().machines(progress)) {
      Machine machine = CreateVerb.create(machines, spec);
      int exitCode;
      try {
        if (interrupts.exitCode().isEmpty()) {
          start(machine, spec, context);
        }
        progress.clear();
        exitCode =
            interrupts.exitCode().isPresent()
                ? interrupts.exitCode().getAsInt()
                : new Session(context, interrupts).run(machine, exec, terminal);
      } finally {
        interrupts.clean();
        remove(machine, context);
      }
      hintAtImage(exec.argv().getFirst(), exitCode, context);
      return exitCode;
    } catch (MachineException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    }
  }

  private static void start(Machine machine, MachineSpec spec, Context context) {
    Optional<SidecarSpec> sidecar = SidecarSpec.of(spec, context.env());
    if (sidecar.isPresent()) {
      // It is closed with the machines at the latest.
      Sidecar.start(machine, sidecar.get().withNotes(context.console()::note));
    } else {
      machine.start();
    }
  }

  /** Never throws, so that it hides neither the command's exit code nor what went wrong before. */
  private static void remove(Machine machine, Context context) {
    try {
      machine.delete();
    } catch (MachineException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        context
            .console()
            .note(
                "Warning: machine '"
                    + machine.name()
                    + "' could not be removed: "
                    + e.said()
                    + ". '"
                    + context.program().name()
                    + " cleanup' tries again.");
      }
    }
  }

  private static void hintAtImage(String program, int exitCode, Context context) {
    if (exitCode == ExitCode.NO_SUCH_PROGRAM
        && program.indexOf(':') > 0
        && !program.startsWith("/")) {
      context
          .console()
          .note("Hint: '" + Text.shown(program) + "' looks like an image; name it with --image.");
    }
  }

  private static int detached(MachineSpec spec, Context context, TerminalProgress progress) {
    String name = spec.name();
    if (context.program().smolvm()) {
      context.console().note("Starting persistent machine...");
    }
    try (Machines machines = context.rooms().lastingMachines(progress)) {
      Machine machine;
      try {
        machine = machines.create(spec);
      } catch (MachineException e) {
        if (e.code() == ErrorCode.ALREADY_EXISTS) {
          throw new FailureException(
              "a machine named '"
                  + name
                  + "' already exists. Use '"
                  + context.program().name()
                  + " machine start --name "
                  + name
                  + "' to start it, or choose another name.",
              ExitCode.FAILED,
              e);
        }
        throw e;
      }
      try {
        machine.start();
      } catch (MachineException e) {
        remove(machine, context);
        throw e;
      }
    }
    progress.clear();
    String machine = context.program().name() + " machine ";
    Console console = context.console();
    console.line("Machine '" + name + "' running in background...");
    console.line("");
    console.line("Use '" + machine + "exec --name " + name + " -- <command>' to run commands");
    console.line("Use '" + machine + "stop --name " + name + "' to stop the machine");
    return ExitCode.OK;
  }
}
