package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.bottle.provision.WorkspaceDiff;
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
        .arguments(100, "SLUG [PATH...]")
        .naming(Named.BOTTLES)
        .example("diff claude-x7k2p")
        .example("diff claude-x7k2p src --name-status");
  }

  @Override
  int run(Arguments arguments, Context context) {
    List<String> words = arguments.positionals();
    if (words.isEmpty()) {
      throw new UsageException(
          "no bottle was named", "See '" + context.program().name() + " list'.");
    }
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {});
        GuestChanges changes =
            BottleUse.of(
                carafe,
                words.getFirst(),
                context,
                bottle ->
                    carafe.changes(
                        bottle.name(),
                        words.subList(1, words.size()),
                        arguments.has("--include-ignored")))) {
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
}
