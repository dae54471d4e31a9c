package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.state.BottleStates.Found;

/** {@code freeze}: makes an image of a running bottle, which goes on. */
final class BottleFreezeVerb extends Verb {
  @Override
  String summary() {
    return "Makes an image of a running bottle, to be resumed from (alias: commit).";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON.", "--json")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "[SLUG]")
        .naming(Named.BOTTLES)
        .example("freeze claude-x7k2p");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    String program = context.program().name();
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      String slug =
          arguments
              .first()
              .orElseGet(
                  () -> BottleChoice.ask(carafe, context, "Freeze which bottle?", Found::running));
      String reference = BottleUse.of(carafe, slug, context, bottle -> bottle.freeze(progress));
      progress.clear();
      if (arguments.has("--json")) {
        context
            .console()
            .line(
                Json.object(
                    json -> {
                      json.writeStringProperty("slug", slug);
                      json.writeStringProperty("image", reference);
                    }));
        return ExitCode.OK;
      }
      context.console().line("Frozen: " + reference);
      context.console().line("To resume from this: " + program + " resume " + slug);
      context
          .console()
          .line(
              "To take it elsewhere: "
                  + program
                  + " bottle export "
                  + slug
                  + " -o "
                  + slug
                  + ".bottle");
      return ExitCode.OK;
    } catch (RuntimeException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    } finally {
      interrupts.clean();
    }
  }
}
