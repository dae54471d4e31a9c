package dev.carafe.cli;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** {@code machine cp}: copies between this computer and a running machine. */
final class CopyVerb extends Verb {
  @Override
  String summary() {
    return "Copies files between this computer and a running machine.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("OCTAL", "Permissions of the files copied in.", "--mode")
        .value("UID", "Owner of everything copied in (default: 0).", "--uid")
        .value("GID", "Group of everything copied in (default: 0).", "--gid")
        .flag("Keep numeric owners.", "-a", "--archive")
        .flag("Show no progress.", "-q", "--quiet")
        // Trees are copied anyway.
        .accepted("-r", "--recursive")
        .arguments(2, "SOURCE DESTINATION")
        .example("machine cp notes.txt web:/srv/notes.txt")
        .example("machine cp web:/var/log/app.log .");
    if (!grammar.program().smolvm()) {
      grammar.example("machine cp -a site/ web:/srv/site");
    }
  }

  /** {@code machine:path}. */
  record Place(String machine, String path) {}

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.positionals().size() != 2) {
      throw new UsageException(
          "a source and a destination are needed",
          "Usage: " + context.program().name() + " machine cp FILE NAME:/PATH, or NAME:/PATH FILE");
    }
    String source = arguments.positionals().get(0);
    String destination = arguments.positionals().get(1);
    Place from = place(source, context.program());
    Place to = place(destination, context.program());
    if ((from == null) == (to == null)) {
      throw new UsageException(
          "exactly one of source and destination must be in a machine, written NAME:/PATH");
    }
    CopyOptions options = options(arguments);
    if (to == null && !options.equals(CopyOptions.DEFAULT) && !options.equals(onlyArchive())) {
      throw new UsageException("--mode, --uid and --gid are for copying into a machine");
    }
    String name = from == null ? to.machine() : from.machine();
    try (TerminalProgress progress =
            new TerminalProgress(
                context.console(),
                context.terminal().error(),
                // Without a terminal there is nothing to say about a copy but its failure.
                arguments.has("--quiet") || !context.terminal().error(),
                System::nanoTime);
        Machines machines = context.rooms().machines(progress)) {
      Machine machine = Context.find(machines, name);
      progress.step("Copying " + source + " to " + destination);
      try {
        if (from == null) {
          copyIn(machine, source, to.path(), options, context);
        } else {
          copyOut(machine, from.path(), destination, options, context);
        }
      } catch (MachineException e) {
        throw context.explained(machine, e);
      }
      return ExitCode.OK;
    }
  }

  private static CopyOptions onlyArchive() {
    return CopyOptions.DEFAULT.withKeepOwner();
  }

  private static CopyOptions options(Arguments arguments) {
    CopyOptions options = CopyOptions.DEFAULT;
    if (arguments.has("--archive")) {
      options = options.withKeepOwner();
    }
    OptionalInt uid = Values.id(arguments, "--uid");
    OptionalInt gid = Values.id(arguments, "--gid");
    if (uid.isPresent() || gid.isPresent()) {
      options = options.withOwner(uid.orElse(0), gid.orElse(0));
    }
    return arguments.has("--mode")
        ? options.withMode(Values.mode("--mode", arguments.value("--mode").orElseThrow()))
        : options;
  }

  /** The first colon divides, unless what stands before it can only be a path of the host. */
  static Place place(String argument, Program program) {
    int colon = argument.indexOf(':');
    int slash = argument.indexOf('/');
    if (colon <= 0 || argument.startsWith(".") || (slash >= 0 && slash < colon)) {
      return null;
    }
    String path = argument.substring(colon + 1);
    if (path.isEmpty()) {
      throw new UsageException("'" + Text.shown(argument) + "' has no path after the colon");
    }
    if (!program.smolvm() && !path.startsWith("/")) {
      throw new UsageException(
          "'"
              + Text.shown(argument)
              + "' is not an absolute path in the guest: write "
              + argument.substring(0, colon)
              + ":/PATH"
              + " (for a file here with a colon in its name, ./FILE)");
    }
    return new Place(argument.substring(0, colon), path.startsWith("/") ? path : "/" + path);
  }

  static void copyIn(
      Machine machine, String source, String destination, CopyOptions options, Context context) {
    Path host = Path.of(source);
    if (!Files.exists(host)) {
      throw new FailureException("io operation failed: " + Text.shown(source) + ": no such file");
    }
    if (Files.isDirectory(host) && context.program().smolvm()) {
      throw directory(source);
    }
    if (contents(source)) {
      machine.copyIn(host.normalize(), trimmed(destination), options);
    } else if (destination.endsWith("/")) {
      String base = host.toAbsolutePath().normalize().getFileName().toString();
      machine.copyIn(host, destination + base, options);
    } else {
      machine.copyIn(host, destination, options.withIntoDirectory());
    }
  }

  static void copyOut(
      Machine machine, String source, String destination, CopyOptions options, Context context) {
    String guest = trimmed(source);
    if (context.program().smolvm()
        && machine.run(ExecSpec.of("/bin/sh", "-c", "test -d \"$1\"", "sh", guest)).exitCode()
            == 0) {
      throw directory(machine.name() + ":" + source);
    }
    Path host = Path.of(destination);
    if (contents(source)) {
      machine.copyOut(guest, host, options);
    } else if (destination.endsWith("/") && !Files.isDirectory(host)) {
      String base = guest.substring(guest.lastIndexOf('/') + 1);
      machine.copyOut(guest, host.resolve(base), options);
    } else {
      machine.copyOut(guest, host, options.withIntoDirectory());
    }
  }

  /** Whether a directory's contents are meant and not the directory: {@code dir/.}, {@code .}. */
  private static boolean contents(String source) {
    return source.equals(".") || source.endsWith("/.");
  }

  /** Without the {@code /} or {@code /.} that it may end with. */
  private static String trimmed(String path) {
    String trimmed = path.endsWith("/.") ? path.substring(0, path.length() - 1) : path;
    while (trimmed.length() > 1 && trimmed.endsWith("/")) {
      trimmed = trimmed.substring(0, trimmed.length() - 1);
    }
    return trimmed;
  }

  private static FailureException directory(String what) {
    return new FailureException(
        "io operation failed: "
            + Text.shown(what)
            + " is a directory; only regular files can be copied");
  }
}
