package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Readiness;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.image.Home;
import java.nio.file.Path;
import java.util.List;

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
    BottleRecord record;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      slug = carafe.importBottle(Path.of(file));
      record = carafe.get(slug).record();
    }
    context.console().line("Imported: " + slug);
    context.console().line("To go on: " + context.program().name() + " resume " + slug);
    sayWhatIsMissing(record, context);
    return ExitCode.OK;
  }

  /** It runs by the manifests of this computer, which may lack what the other one has. */
  private static void sayWhatIsMissing(BottleRecord record, Context context) {
    Home home = Home.of(context.env());
    List<String> missing =
        new Readiness(
                ManifestIndex.read(
                    new ManifestPlaces(home.config(), record.directory()), context.env()),
                context.env())
            .problems(record.agent(), record.bottles());
    if (!missing.isEmpty()) {
      String program = context.program().name();
      context.console().note("Before that, this computer needs what it is declared by:");
      missing.forEach(sentence -> context.console().note("  " + sentence));
      context
          .console()
          .note(
              "Write the files of agent '"
                  + record.agent()
                  + "' and its bottle, or begin with '"
                  + program
                  + " init "
                  + record.agent()
                  + "'; '"
                  + program
                  + " edit' opens them.");
    }
  }
}
