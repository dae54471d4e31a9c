package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.bottle.provision.WorkspaceDiff;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.image.Progress;
import java.io.IOException;
import java.util.List;

/** {@code diff}: what the agent has changed in its copy of the workspace. */
final class DiffVerb extends Verb {
  @Override
  String summary() {
    return "Shows what has changed in a running bottle's workspace.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Also new files that git ignores.", "--include-ignored")
        .flag("Only the names, with what has become of each.", "--name-status")
        .flag("Only the names, as JSON.", "--json")
        .arguments(100, "[SLUG [PATH...]]")
        .naming(Named.BOTTLES)
        .example("diff claude-x7k2p")
        .example("diff claude-x7k2p src --name-status");
  }

  @Override
  int run(Arguments arguments, Context context) {
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {});
        GuestChanges changes = changes(carafe, arguments, context)) {
      if (arguments.has("--json")) {
        context
            .console()
            .line(Json.object(json -> PullVerb.changes(json, "changes", changes.all())));
      } else if (arguments.has("--name-status")) {
        changes.all().forEach(change -> context.console().line(PullVerb.line(change)));
      } else {
        WorkspaceDiff.write(
                changes, context.console().out(), context.terminal().output(), context.env())
            .forEach(context.console()::note);
      }
      changes.notes().forEach(context.console()::note);
      return ExitCode.OK;
    } catch (IOException e) {
      throw new Console.OutputClosedException(e);
    }
  }

  /** What has changed in the bottle that was named, or is chosen now. */
  static GuestChanges changes(Carafe carafe, Arguments arguments, Context context) {
    List<String> words = arguments.positionals();
    String slug =
        words.isEmpty()
            ? BottleChoice.ask(carafe, context, "The changes of which bottle?", Found::running)
            : words.getFirst();
    List<String> paths = words.isEmpty() ? words : words.subList(1, words.size());
    return BottleUse.of(
        carafe,
        slug,
        context,
        bottle -> carafe.changes(bottle.name(), paths, arguments.has("--include-ignored")));
  }
}
