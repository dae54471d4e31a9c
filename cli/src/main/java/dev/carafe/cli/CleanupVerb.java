package dev.carafe.cli;

import java.util.List;

/** {@code cleanup}: removes what killed processes left, after asking. */
final class CleanupVerb extends Verb {
  @Override
  String summary() {
    return "Lists and removes what killed processes left.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("Do not ask.", "-y", "--yes").example("cleanup --yes");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    Leftovers leftovers = context.rooms().leftovers();
    List<String> found = leftovers.find();
    if (found.isEmpty()) {
      console.line("Nothing to clean up.");
      return ExitCode.OK;
    }
    found.forEach(console::line);
    if (!arguments.has("--yes") && !console.confirm("Remove these? [y/N] ")) {
      console.line("Cancelled");
      return ExitCode.OK;
    }
    leftovers.remove().forEach(thing -> console.line("Removed: " + thing));
    return ExitCode.OK;
  }
}
