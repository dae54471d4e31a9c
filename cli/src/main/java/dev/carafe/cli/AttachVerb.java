package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;

/** {@code attach}: a second terminal on a running bottle. */
final class AttachVerb extends Verb {
  /** The shell that the image has; bash, if it has that. */
  private static final String SHELL =
      "if command -v bash >/dev/null; then exec bash; else exec sh; fi";

  @Override
  String summary() {
    return "Opens another terminal on a running bottle; without one, runs what standard input says.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("USER", "Who works there (default: node).", "-u", "--user")
        .arguments(1, "[SLUG]")
        .naming(Named.BOTTLES)
        .example("attach claude-x7k2p");
  }

  @Override
  int run(Arguments arguments, Context context) {
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      String slug =
          arguments
              .first()
              .orElseGet(
                  () ->
                      BottleChoice.ask(carafe, context, "Attach to which bottle?", Found::running));
      String type = context.env().getOrDefault("TERM", "");
      ExecSpec spec =
          ExecSpec.shell(SHELL).withEnv("TERM", type.isEmpty() ? "xterm" : type).withInput();
      if (arguments.value("--user").isPresent()) {
        spec = spec.withUser(arguments.value("--user").get());
      }
      ExecSpec shell = spec;
      return BottleUse.of(
          carafe,
          slug,
          context,
          bottle ->
              new Session(context, new Interrupts(context.signals()))
                  // Without a terminal here the shell reads commands: one with a terminal of its
                  // own would wait for ever for keys, because what ends input is lost while a
                  // shell takes its terminal over.
                  .run(bottle.machine(), shell, context.terminal().input()));
    }
  }
}
