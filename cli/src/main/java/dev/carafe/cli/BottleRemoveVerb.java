package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;

/** {@code bottle rm}: removes a bottle that nobody runs. */
final class BottleRemoveVerb extends Verb {
  @Override
  String summary() {
    return "Removes a bottle that is not running; images that it was frozen to stay.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.arguments(1, "SLUG").example("bottle rm claude-x7k2p");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String slug =
        arguments.first().orElseThrow(() -> new UsageException("no bottle was named: give SLUG"));
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      carafe.remove(slug);
    }
    context.console().line("Removed: " + slug);
    return ExitCode.OK;
  }
}
