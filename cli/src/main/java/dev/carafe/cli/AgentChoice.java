package dev.carafe.cli;

import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.cli.pick.Choice;
import dev.carafe.cli.pick.NoTerminalException;
import dev.carafe.cli.pick.Pickers;
import java.util.List;

/** Asks which agent is meant, when none was named. */
final class AgentChoice {
  private AgentChoice() {}

  /**
   * The name of the one that was chosen.
   *
   * @throws FailureException when there is none, nobody to ask, or nothing was chosen
   */
  static String ask(Arguments arguments, Context context) {
    ManifestIndex index = Manifests.index(arguments, context);
    List<Choice<String>> choices =
        index.agents().stream()
            .filter(ManifestIndex.FoundAgent::usable)
            .map(agent -> new Choice<>(agent.name(), agent.name(), agent.origin().words()))
            .toList();
    String program = context.program().name();
    if (choices.isEmpty()) {
      throw new FailureException(
          "there are no agents yet; '" + program + " init' makes a first one");
    }
    try {
      return new Pickers(context.env(), "name the agent: " + program + " start NAME")
          .one("Start which agent?", choices)
          .orElseThrow(() -> new FailureException("Cancelled"));
    } catch (NoTerminalException e) {
      throw new FailureException(e.getMessage(), ExitCode.USAGE, e);
    }
  }
}
