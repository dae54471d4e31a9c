package dev.carafe.cli;

import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Readiness;
import dev.carafe.bottle.manifest.ManifestException;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.provider.Color;
import dev.carafe.cli.pick.Choice;
import dev.carafe.cli.pick.Pickers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Asks what is to be started, when no agent was named: who, in which bottles, and what called. */
final class AgentChoice {
  private static final String NO_COLOR = "none";

  private final Arguments arguments;
  private final Context context;
  private final ManifestIndex index;
  private final Readiness readiness;
  private final Pickers pickers;

  AgentChoice(Arguments arguments, Context context) {
    this.arguments = arguments;
    this.context = context;
    index = Manifests.index(arguments, context);
    readiness = new Readiness(index, context.env());
    pickers =
        new Pickers(context.env(), "name the agent: " + context.program().name() + " start NAME");
  }

  /**
   * What was chosen, beside what the command line says.
   *
   * @throws FailureException when there is no agent, or the asking was cancelled
   */
  BottleSpec ask() {
    List<Choice<String>> agents =
        index.agents().stream()
            .map(agent -> new Choice<>(agent.name(), agent.name(), words(agent)))
            .toList();
    if (agents.isEmpty()) {
      throw new FailureException(
          "there are no agents yet; '" + context.program().name() + " init' makes a first one");
    }
    String agent = chosen(pickers.one("Start which agent?", agents));
    BottleSpec spec = BottleFlags.spec(agent, arguments, context);
    if (spec.bottles().isEmpty()) {
      spec = spec.withBottles(bottles(agent));
    }
    if (spec.label().isEmpty()) {
      spec = spec.withLabel(chosen(pickers.text("What is the session called?", agent)));
    }
    return spec.color().isPresent() ? spec : colored(spec);
  }

  /** One that cannot start is shown, and why: whoever looks for it finds it. */
  private String words(ManifestIndex.FoundAgent agent) {
    List<String> problems = readiness.problems(agent.name(), List.of());
    return agent.origin().words()
        + (problems.isEmpty() ? "" : "; cannot start: " + problems.getFirst());
  }

  /** None, if there is nothing to choose: then it is what the agent names. */
  private List<String> bottles(String agent) {
    List<Choice<String>> all =
        index.bottles().stream()
            .filter(ManifestIndex.FoundBottle::usable)
            .map(
                bottle ->
                    new Choice<>(
                        bottle.name(), bottle.name(), String.join(", ", bottle.extended())))
            .toList();
    if (all.size() < 2) {
      return List.of();
    }
    List<String> usual = usual(agent);
    return chosen(
        pickers.many(
            "In which bottles?",
            all,
            usual.stream()
                .filter(name -> all.stream().anyMatch(each -> each.value().equals(name)))
                .toList()));
  }

  private List<String> usual(String agent) {
    try {
      return index.load(agent, List.of()).bottle().names();
    } catch (ManifestException e) {
      return List.of(); // it names none, or one that cannot be used
    }
  }

  private BottleSpec colored(BottleSpec spec) {
    List<Choice<String>> colors = new ArrayList<>(List.of(new Choice<>(NO_COLOR, NO_COLOR, "")));
    Color.words().forEach(word -> colors.add(new Choice<>(word, word, "")));
    return Color.of(chosen(pickers.one("In which color?", colors)))
        .map(spec::withColor)
        .orElse(spec);
  }

  private static <T> T chosen(Optional<T> answer) {
    return answer.orElseThrow(() -> new FailureException("Cancelled"));
  }
}
