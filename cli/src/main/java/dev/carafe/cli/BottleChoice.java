package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.cli.pick.Choice;
import dev.carafe.cli.pick.NoTerminalException;
import dev.carafe.cli.pick.Pickers;
import java.util.List;
import java.util.function.Predicate;

/** Asks which bottle is meant, when none was named. */
final class BottleChoice {
  private BottleChoice() {}

  /**
   * The slug of the one that was chosen.
   *
   * @param which of all may be chosen
   * @throws FailureException when there is none, nobody to ask, or nothing was chosen
   */
  static String ask(Carafe carafe, Context context, String question, Predicate<Found> which) {
    List<Choice<String>> choices =
        carafe.list().bottles().stream()
            .filter(which)
            .map(
                found ->
                    new Choice<>(
                        found.record().slug(),
                        found.record().slug(),
                        found.record().label() + ", " + BottleListVerb.state(found)))
            .toList();
    if (choices.isEmpty()) {
      throw new FailureException(
          "no bottle was named, and there is none to choose; '"
              + context.program().name()
              + " list' shows all");
    }
    try {
      return new Pickers(context.env(), "")
          .one(question, choices)
          .orElseThrow(() -> new FailureException("Cancelled"));
    } catch (NoTerminalException e) {
      throw new FailureException(
          "no bottle was named, and there is no terminal to ask on; name one of "
              + String.join(", ", choices.stream().map(Choice::value).toList()),
          ExitCode.FAILED,
          e);
    }
  }
}
