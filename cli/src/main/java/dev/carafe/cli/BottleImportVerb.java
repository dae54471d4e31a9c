package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import java.nio.file.Path;

/** {@code bottle import}: takes in what {@code bottle export} wrote. */
final class BottleImportVerb extends Verb {
  @Override
  String summary() {
    return "Takes in a bottle that was written into a file.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "FILE")
        .example("bottle import claude.bottle");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String file = arguments.first().orElseThrow(() -> new UsageException("no file was named"));
    String slug;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      slug = carafe.importBottle(Path.of(file));
    }
    context.console().line("Imported: " + slug);
    context.console().line("To go on: " + context.program().name() + " resume " + slug);
    return ExitCode.OK;
  }
}
