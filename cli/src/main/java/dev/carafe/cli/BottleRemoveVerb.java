package dev.carafe.cli;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import java.util.List;

/** {@code bottle rm}: removes a bottle that nobody runs. */
final class BottleRemoveVerb extends Verb {
  @Override
  String summary() {
    return "Removes a bottle that is not running; images that it was frozen to stay.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .arguments(Integer.MAX_VALUE, "[SLUG...]")
        .naming(Named.BOTTLES)
        .example("bottle rm claude-x7k2p")
        .example("bottle rm claude-x7k2p codex-3m9qd");
  }

  @Override
  int run(Arguments arguments, Context context) {
    int exitCode = ExitCode.OK;
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      List<String> slugs =
          arguments.positionals().isEmpty()
              ? List.of(
                  BottleChoice.ask(carafe, context, "Remove which bottle?", found -> !found.live()))
              : arguments.positionals();
      // One that cannot be removed keeps none of the others.
      for (String slug : slugs) {
        try {
          removed(slug, carafe.remove(slug), context);
        } catch (BottleException e) {
          context.console().note("Error: " + e.getMessage());
          exitCode = ExitCode.FAILED;
        }
      }
    }
    return exitCode;
  }

  private static void removed(String slug, List<String> images, Context context) {
    context.console().line("Removed: " + slug);
    if (!images.isEmpty()) {
      context
          .console()
          .line(
              "Its images stay: "
                  + String.join(", ", images)
                  + " ('"
                  + context.program().name()
                  + " image rm "
                  + String.join(" ", images)
                  + "' removes them)");
    }
  }
}
