package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import java.nio.file.Path;

/** {@code bottle export}: a frozen bottle in one file. */
final class BottleExportVerb extends Verb {
  @Override
  String summary() {
    return "Writes a bottle that was frozen into one file.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("FILE", "Where to; must not exist.", "-o", "--output")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "SLUG")
        .naming(Named.BOTTLES)
        .example("bottle export claude-x7k2p -o claude.bottle");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String slug =
        arguments.first().orElseThrow(() -> new UsageException("no bottle was named: give SLUG"));
    String file =
        arguments
            .value("--output")
            .orElseThrow(() -> new UsageException("no file was named: give -o FILE"));
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      carafe.exportBottle(slug, Path.of(file));
    } catch (RuntimeException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    } finally {
      interrupts.clean();
    }
    context.console().line("Written: " + file);
    return ExitCode.OK;
  }
}
