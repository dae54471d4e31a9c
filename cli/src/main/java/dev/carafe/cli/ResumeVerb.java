package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import java.util.List;
import java.util.Optional;

/** {@code resume}: goes on with a bottle that was frozen, kept, or left by a crash. */
final class ResumeVerb extends Verb {
  @Override
  String summary() {
    return "Goes on with a bottle whose session has ended.";
  }

  @Override
  void describe(Grammar grammar) {
    BottleFlags.describeSession(grammar);
    grammar
        .arguments(1, "[SLUG]")
        .naming(Named.BOTTLES)
        .commandAfterDashes("[-- ARGUMENT...]")
        .example("resume claude-x7k2p")
        .example("resume claude-x7k2p --headless --prompt 'go on'");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Optional<String> task = BottleFlags.task(arguments);
    List<String> words = arguments.positionals();
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      String slug =
          words.isEmpty()
              ? BottleChoice.ask(carafe, context, "Resume which bottle?", found -> !found.live())
              : words.getFirst();
      return new BottleSession(arguments, context, carafe, progress)
          .run(
              PlanText.planned(
                  () -> carafe.prepareResume(slug, arguments.has("--headless")),
                  arguments,
                  context),
              arguments.command(),
              task);
    }
  }
}
