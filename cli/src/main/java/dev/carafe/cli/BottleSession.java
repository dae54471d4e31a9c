package dev.carafe.cli;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Plan;
import dev.carafe.bottle.policy.BottleEnv.Operator;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.MachineException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** A plan shown, agreed to and launched; the agent run to its end; and the bottle settled. */
final class BottleSession {
  private final Arguments arguments;
  private final Context context;
  private final Carafe carafe;
  private final TerminalProgress progress;

  BottleSession(Arguments arguments, Context context, Carafe carafe, TerminalProgress progress) {
    this.arguments = arguments;
    this.context = context;
    this.carafe = carafe;
    this.progress = progress;
  }

  /**
   * The whole session.
   *
   * @param words the user's own arguments for the agent
   * @param task what it is to do without a terminal; empty: it gets the terminal
   * @return the agent's exit code
   */
  int run(Plan plan, List<String> words, Optional<String> task) {
    Console console = context.console();
    PlanText text = new PlanText(plan, context);
    if (task.isPresent() && plan.program().headless().isEmpty()) {
      throw new FailureException(
          "'"
              + plan.provider().name()
              + "' takes no task: leave --prompt away, and give it arguments of its own after --");
    }
    if (arguments.has("--dry-run")) {
      console.print(arguments.has("--json") ? Json.of(text::write) + "\n" : text.table());
      return ExitCode.OK;
    }
    boolean headless = arguments.has("--headless");
    if (!arguments.has("--quiet")) {
      // Not on standard output, which is the agent's.
      console.prompt(text.table());
    }
    if (!headless
        && !arguments.has("--yes")
        && !console.confirm("Start '" + plan.label() + "'? [y/N] ")) {
      console.note("Cancelled");
      return ExitCode.FAILED;
    }
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    try {
      Bottle bottle = carafe.launch(plan, headless ? Optional.empty() : Optional.of(operator()));
      progress.clear();
      if (!arguments.has("--quiet") && context.terminal().input() && !headless) {
        // An agent's first screen takes a while where processors are emulated.
        console.note("Ready: bottle '" + bottle.name() + "'; starting the agent");
      }
      return settled(bottle, () -> agent(bottle, words, task, interrupts), interrupts);
    } catch (BottleException | MachineException e) {
      // Interrupted work fails with all sorts of words; the signal is what happened.
      if (interrupts.exitCode().isPresent()) {
        progress.clear();
        console.note(e.getMessage());
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    }
  }

  private interface Agent {
    int run();
  }

  private int settled(Bottle bottle, Agent agent, Interrupts interrupts) {
    boolean crashed = true;
    try {
      if (arguments.has("--keep")) {
        bottle.keep();
      }
      int exitCode = agent.run();
      crashed = false;
      return exitCode;
    } finally {
      interrupts.clean();
      // Whose terminal goes away has not said that the work may go, too.
      boolean pulls = arguments.has("--pull");
      if (crashed || hungUp(interrupts)) {
        bottle.keep();
      } else if ((pulls || !bottle.isKept() && !arguments.has("--quiet")) && hasChanges(bottle)) {
        if (pulls) {
          pull(bottle, true);
        } else {
          decide(bottle, interrupts);
        }
      }
      close(bottle);
    }
  }

  private static boolean hasChanges(Bottle bottle) {
    try {
      return bottle.hasChanges();
    } catch (BottleException | MachineException e) {
      return true; // It does not answer, so nobody knows.
    }
  }

  /** What an agent has done is not thrown away without a word. */
  private void decide(Bottle bottle, Interrupts interrupts) {
    boolean somebody =
        !arguments.has("--headless") && !arguments.has("--yes") && context.terminal().input();
    String changed = "The workspace was changed, and not pulled.";
    if (somebody && interrupts.exitCode().isEmpty()) {
      String answer = context.console().ask(changed + " Keep the bottle? [Y/n, p pulls first] ");
      switch (answer.toLowerCase(Locale.ROOT)) {
        case "n", "no" -> {}
        case "p", "pull" -> pull(bottle, false);
        default -> bottle.keep();
      }
    } else {
      context
          .console()
          .note(
              changed
                  + " It goes with the bottle: another time, --pull brings it here when the"
                  + " session ends, and --keep keeps the bottle");
    }
  }

  /** What does not come here, for whatever reason, keeps the bottle. */
  private void pull(Bottle bottle, boolean unasked) {
    boolean all = false;
    try (GuestChanges changes = carafe.changes(bottle.name(), List.of(), false)) {
      all = PullVerb.bring(changes, unasked, context);
    } catch (BottleException | MachineException e) {
      context.console().note("Error: " + e.getMessage());
    } finally {
      if (!all) {
        bottle.keep();
      }
    }
  }

  private static boolean hungUp(Interrupts interrupts) {
    return interrupts.exitCode().equals(OptionalInt.of(ExitCode.ofSignal(Signals.HANGUP)));
  }

  private int agent(
      Bottle bottle, List<String> words, Optional<String> task, Interrupts interrupts) {
    // Where there is no terminal here, none is given: what comes on standard input is passed on.
    boolean terminal = !arguments.has("--headless") && context.terminal().input();
    ExecSpec spec =
        task.isEmpty() ? bottle.agent(words).withInput() : bottle.task(words, task.orElseThrow());
    if (terminal) {
      String type = context.env().getOrDefault("TERM", "");
      spec = spec.withEnv("TERM", type.isEmpty() ? "xterm" : type);
    }
    return new Session(context, interrupts).run(bottle.machine(), spec, terminal);
  }

  /** Says what becomes of the bottle. What cannot be undone does not hide the agent's exit code. */
  private void close(Bottle bottle) {
    Console console = context.console();
    String program = context.program().name();
    try {
      bottle.close();
    } catch (BottleException e) {
      console.note("Warning: " + e.getMessage());
    }
    try {
      if (carafe.list().bottles().stream()
          .anyMatch(found -> found.record().slug().equals(bottle.name()))) {
        console.note("To go on: " + program + " resume " + bottle.name());
      }
    } catch (BottleException e) {
      // Then 'list' says it.
    }
  }

  private Operator operator() {
    return (variable, question) -> Asking.secret(context, variable + ": " + question);
  }
}
