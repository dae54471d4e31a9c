package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.image.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** {@code logs}: what happened to a bottle. */
final class LogsVerb extends Verb {
  @Override
  String summary() {
    return "Shows what happened to a bottle.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("What its way out let through and refused: the audit, JSON lines.", "--egress")
        .flag("The last that its machine wrote on its console, while it runs.", "--console")
        .arguments(1, "[SLUG]")
        .naming(Named.BOTTLES)
        .example("logs claude-x7k2p")
        .example("logs claude-x7k2p --egress");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.has("--egress") && arguments.has("--console")) {
      throw new UsageException("--egress and --console are two logs; ask for one");
    }
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      Found found =
          carafe.get(
              arguments
                  .first()
                  .orElseGet(
                      () -> BottleChoice.ask(carafe, context, "The log of which?", all -> true)));
      if (arguments.has("--console")) {
        carafe.console(found.record().slug()).lines().forEach(context.console()::line);
        return ExitCode.OK;
      }
      return print(found, arguments.has("--egress") ? found.audit() : found.log(), context);
    }
  }

  private static int print(Found found, Path file, Context context) {
    try {
      // All of it may come from the guest: it is cleaned of what steers a terminal.
      try (var lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          context.console().line(line);
        }
      }
      return ExitCode.OK;
    } catch (NoSuchFileException e) {
      return ExitCode.OK;
    } catch (IOException e) {
      throw new FailureException(
          "the log of '" + found.record().slug() + "' cannot be read: " + e.getMessage(),
          ExitCode.FAILED,
          e);
    }
  }
}
