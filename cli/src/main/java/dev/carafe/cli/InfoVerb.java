package dev.carafe.cli;

import dev.carafe.bottle.Readiness;
import dev.carafe.bottle.manifest.EffectiveBottle;
import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.manifest.ManifestException;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code info}: what agents and bottles come to, without any secret. */
final class InfoVerb extends Verb {
  @Override
  String summary() {
    return "Shows what an agent and its bottle come to, or lists all; exit code 1 for mistakes.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.values("NAME", "Run it in this bottle instead; several are put together.", "--bottle");
    Manifests.directory(grammar)
        .flag("As JSON.", "--json")
        .arguments(1, "[NAME]")
        .naming(Named.AGENTS)
        .example("info")
        .example("info claude")
        .example("info claude --bottle base --bottle web --json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    ManifestIndex index = Manifests.index(arguments, context);
    boolean json = arguments.has("--json");
    List<String> bottles = arguments.values("--bottle").stream().map(Manifests::name).toList();
    if (arguments.first().isEmpty()) {
      if (!bottles.isEmpty()) {
        throw new UsageException("--bottle without an agent: name it, or only the bottle");
      }
      return list(index, json, context);
    }
    String name = Manifests.name(arguments.first().get());
    boolean isAgent = index.agents().stream().anyMatch(a -> a.name().equals(name));
    Readiness readiness = new Readiness(index, context.env());
    boolean isBottle = index.bottles().stream().anyMatch(b -> b.name().equals(name));
    try {
      if (isBottle && !isAgent && bottles.isEmpty()) {
        EffectiveBottle bottle = index.bottle(List.of(name));
        show(new ManifestText(Optional.empty(), bottle, context), json, context);
        if (!json) {
          lacks("bottle", name, readiness.problems(name), index, context);
        }
      } else {
        Manifest manifest = index.load(name, bottles);
        show(new ManifestText(Optional.of(manifest), manifest.bottle(), context), json, context);
        if (!json) {
          lacks("agent", name, readiness.problems(name, bottles), index, context);
        }
      }
    } catch (ManifestException e) {
      if (json) {
        context.console().line(Json.of(out -> Manifests.invalid(out, e.problems())));
      } else {
        Manifests.say(e.problems(), context);
      }
      throw new FailureException(
          "'" + name + "' cannot be used: " + Manifests.mistakes(e.problems().size()));
    }
    return ExitCode.OK;
  }

  private static void show(ManifestText text, boolean json, Context context) {
    context.console().print(json ? Json.of(text::write) + "\n" : text.table());
  }

  private static int list(ManifestIndex index, boolean json, Context context) {
    Readiness readiness = new Readiness(index, context.env());
    if (json) {
      context.console().line(Json.of(out -> ManifestText.list(out, index, readiness)));
    } else if (index.agents().isEmpty() && index.bottles().isEmpty()) {
      context
          .console()
          .line(
              "There are no agents and no bottles yet; '"
                  + context.program().name()
                  + " init' makes a first pair.");
    } else {
      context.console().print(Text.table(rows(index, readiness, context)));
    }
    if (!json) {
      index
          .shadowed()
          .forEach(
              agent ->
                  context
                      .console()
                      .note(
                          "Note: "
                              + Manifests.shown(agent.file(), context)
                              + " is not used, because you have an agent of that name yourself"));
      Manifests.say(index.problems(), context);
      index.agents().stream()
          .filter(ManifestIndex.FoundAgent::usable)
          .forEach(
              agent ->
                  lacks(
                      "agent",
                      agent.name(),
                      readiness.problems(agent.name(), List.of()),
                      index,
                      context));
      index.bottles().stream()
          .filter(ManifestIndex.FoundBottle::usable)
          .forEach(
              bottle ->
                  lacks(
                      "bottle", bottle.name(), readiness.problems(bottle.name()), index, context));
    }
    if (!index.problems().isEmpty()) {
      throw new FailureException(Manifests.mistakes(index.problems().size()));
    }
    return ExitCode.OK;
  }

  /** What has a place in a file has been said there already. */
  private static void lacks(
      String kind, String name, List<String> problems, ManifestIndex index, Context context) {
    for (String problem : problems) {
      if (index.problems().stream().noneMatch(said -> said.sentence().equals(problem))) {
        context.console().note("Note: " + kind + " '" + name + "' cannot start: " + problem);
      }
    }
  }

  private static String state(boolean usable, List<String> problems) {
    return problems.isEmpty() ? "ok" : usable ? "cannot start" : "mistakes";
  }

  private static List<List<String>> rows(
      ManifestIndex index, Readiness readiness, Context context) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("KIND", "NAME", "STATE", "FROM", "FILE"));
    for (ManifestIndex.FoundAgent agent : index.agents()) {
      rows.add(
          List.of(
              "agent",
              agent.name(),
              state(agent.usable(), readiness.problems(agent.name(), List.of())),
              agent.origin().words(),
              Manifests.shown(agent.file(), context)));
    }
    for (ManifestIndex.FoundBottle bottle : index.bottles()) {
      rows.add(
          List.of(
              "bottle",
              bottle.name(),
              state(bottle.usable(), readiness.problems(bottle.name())),
              Origin.USER.words(),
              Manifests.shown(bottle.file(), context)));
    }
    return rows;
  }
}
