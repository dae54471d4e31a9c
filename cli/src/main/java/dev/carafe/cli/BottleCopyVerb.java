package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import dev.carafe.machine.CopyOptions;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code cp}: copies between this computer and a running bottle; what goes in is the agent's. */
final class BottleCopyVerb extends Verb {
  @Override
  String summary() {
    return "Copies files between this computer and a running bottle.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .arguments(2, "SOURCE DESTINATION")
        .example("cp notes.txt claude-x7k2p:/home/node/notes.txt")
        .example("cp claude-x7k2p:/home/node/workspace/report.md .");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.positionals().size() != 2) {
      throw new UsageException(
          "a source and a destination are needed",
          "Usage: " + context.program().name() + " cp FILE SLUG:/PATH, or SLUG:/PATH FILE");
    }
    String source = arguments.positionals().get(0);
    String destination = arguments.positionals().get(1);
    CopyVerb.Place from = CopyVerb.place(source, context.program());
    CopyVerb.Place to = CopyVerb.place(destination, context.program());
    if ((from == null) == (to == null)) {
      throw new UsageException(
          "exactly one of source and destination must be in a bottle, written SLUG:/PATH");
    }
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      return BottleUse.of(
          carafe,
          from == null ? to.machine() : from.machine(),
          context,
          bottle -> {
            if (from != null) {
              CopyVerb.copyOut(
                  bottle.machine(), from.path(), destination, CopyOptions.DEFAULT, context);
            } else if (!Files.exists(Path.of(source))) {
              throw new FailureException(Text.shown(source) + ": there is no such file");
            } else {
              CopyVerb.copyIn(bottle.machine(), source, to.path(), bottle.owned(), context);
            }
            return ExitCode.OK;
          });
    }
  }
}
