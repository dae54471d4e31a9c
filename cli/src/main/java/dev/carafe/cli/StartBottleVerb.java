package dev.carafe.cli;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Plan;
import dev.carafe.image.ImageException;
import dev.carafe.machine.MachineException;
import java.util.Optional;

/** {@code start}: an agent in a bottle, from the first question to its last word. */
final class StartBottleVerb extends Verb {
  @Override
  String summary() {
    return "Starts an agent in a bottle of its own.";
  }

  @Override
  void describe(Grammar grammar) {
    BottleFlags.describe(grammar);
    grammar
        .arguments(1, "[AGENT]")
        .naming(Named.AGENTS)
        .commandAfterDashes("[-- ARGUMENT...]")
        .example("start claude --cwd .")
        .example("start claude --cwd . --headless --pull --prompt 'make the tests pass'")
        .example("start claude --dry-run");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Optional<String> task = BottleFlags.task(arguments);
    if (arguments.value("--label").filter(label -> !BottleSpec.isLabel(label)).isPresent()) {
      throw new UsageException(BottleSpec.LABEL_RULE);
    }
    BottleSpec spec =
        arguments.positionals().isEmpty()
            ? new AgentChoice(arguments, context).ask()
            : BottleFlags.spec(arguments.positionals().getFirst(), arguments, context);
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        Carafe carafe = context.rooms().carafe(progress, context.console()::note)) {
      Plan plan = PlanText.planned(() -> carafe.prepare(spec), arguments, context);
      if (arguments.has("--image-only")) {
        return image(carafe, plan, progress, context);
      }
      return new BottleSession(arguments, context, carafe, progress)
          .run(plan, arguments.command(), task);
    }
  }

  private static int image(Carafe carafe, Plan plan, TerminalProgress progress, Context context) {
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    try {
      carafe.image(plan);
    } catch (BottleException | ImageException | MachineException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    } finally {
      interrupts.clean();
    }
    progress.clear();
    context.console().line("Ready: " + plan.image().reference());
    return ExitCode.OK;
  }
}
