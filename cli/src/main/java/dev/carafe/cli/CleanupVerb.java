package dev.carafe.cli;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.MachineException;
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
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), console::note)) {
      List<Leftover> found = carafe.leftovers();
      if (found.isEmpty()) {
        console.line("Nothing to clean up.");
        return ExitCode.OK;
      }
      found.forEach(
          leftover ->
              console.line(
                  leftover.what()
                      + (leftover.before().isEmpty() ? "" : " (" + leftover.before() + ")")));
      if (!arguments.has("--yes") && !console.confirm("Remove these? [y/N] ")) {
        console.line("Cancelled");
        return ExitCode.OK;
      }
      return remove(found, console);
    }
  }

  /** One that cannot be removed keeps none of the others. */
  private static int remove(List<Leftover> found, Console console) {
    int exitCode = ExitCode.OK;
    for (Leftover leftover : found) {
      try {
        leftover.removal().run();
        console.line("Removed: " + leftover.what());
      } catch (BottleException e) {
        console.note("Error: " + e.getMessage());
        exitCode = ExitCode.FAILED;
      } catch (MachineException e) {
        console.note("Error: " + Failures.plain(e));
        exitCode = ExitCode.FAILED;
      }
    }
    return exitCode;
  }
}
