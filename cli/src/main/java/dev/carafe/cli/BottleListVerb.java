package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Readiness;
import dev.carafe.bottle.manifest.ManifestException;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleStates.Damaged;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.bottle.state.BottleStates.Listing;
import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code list}: the bottles, or the agents that could be started. */
final class BottleListVerb extends Verb {
  private static final List<String> WHICH = List.of("active", "all", "available");

  @Override
  String summary() {
    return "Lists the bottles; 'list available', the agents.";
  }

  @Override
  void describe(Grammar grammar) {
    Manifests.directory(grammar)
        .flag("As JSON: an array of objects.", "--json")
        .word("[active|all|available]", WHICH)
        .example("list")
        .example("list active --json")
        .example("list available");
  }

  /** What has become of a bottle, in a word. */
  static String state(Found found) {
    if (found.live()) {
      return found.starting() ? "starting" : "running";
    }
    return switch (found.record().phase()) {
      case MAKING, READY, RESUMED -> "crashed";
      case KEPT -> "kept";
      case ENDED -> found.frozen().isPresent() ? "frozen" : "ended";
    };
  }

  @Override
  int run(Arguments arguments, Context context) {
    String which = arguments.positionals().isEmpty() ? "all" : arguments.positionals().getFirst();
    return switch (which) {
      case "all" -> bottles(arguments, context, false);
      case "active" -> bottles(arguments, context, true);
      case "available" -> agents(arguments, context);
      default ->
          throw new UsageException(
              "'" + Text.shown(which) + "' is neither active, all nor available",
              Suggestion.hint(which, WHICH, ""));
    };
  }

  private static int bottles(Arguments arguments, Context context, boolean active) {
    Listing listing;
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      listing = carafe.list();
    }
    List<Found> found =
        listing.bottles().stream().filter(bottle -> !active || bottle.live()).toList();
    if (arguments.has("--json")) {
      context.console().line(json(found, context));
      return ExitCode.OK;
    }
    if (found.isEmpty()) {
      context.console().line(active ? "No bottle is running." : "There are no bottles.");
    } else {
      print(found, context);
    }
    listing
        .damaged()
        .forEach(
            damaged ->
                context
                    .console()
                    .note(
                        "Warning: "
                            + damaged.directory()
                            + " cannot be read: "
                            + damaged.why()
                            + advice(damaged, context)));
    return ExitCode.OK;
  }

  /** Nothing is removed that somebody uses, or that only another Carafe can read. */
  private static String advice(Damaged damaged, Context context) {
    if (damaged.withheld()) {
      return "";
    }
    return damaged.inUse()
        ? "; some process uses it"
        : "; '" + context.program().name() + " cleanup' removes it, and leaves its machine";
  }

  /** On a terminal, labels are in their colors. */
  private static void print(List<Found> found, Context context) {
    List<String> lines = table(found).lines().toList();
    int column = lines.getFirst().indexOf("LABEL");
    context.console().line(lines.getFirst());
    for (int i = 0; i < found.size(); i++) {
      String line = lines.get(i + 1);
      BottleRecord record = found.get(i).record();
      Optional<Color> color =
          context.terminal().output() ? Color.of(record.color()) : Optional.empty();
      int end = column + record.label().length();
      if (color.isEmpty() || end > line.length()) {
        context.console().line(line);
      } else {
        context
            .console()
            .colored(
                line.substring(0, column),
                line.substring(column, end),
                color.get().code(),
                line.substring(end));
      }
    }
  }

  private static String table(List<Found> found) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("SLUG", "LABEL", "STATE", "AGENT", "PROVIDER", "ENGINE", "STARTED"));
    for (Found each : found) {
      BottleRecord record = each.record();
      rows.add(
          List.of(
              record.slug(),
              record.label(),
              state(each),
              record.agent(),
              record.provider(),
              record.engine(),
              record.started().toString().substring(0, 19) + "Z"));
    }
    return Text.table(rows);
  }

  /** Those that were chosen for it, or else those that its agent names now, if that can be read. */
  private static List<String> bottlesOf(
      BottleRecord record, Map<Path, ManifestIndex> read, Context context) {
    if (!record.bottles().isEmpty()) {
      return record.bottles();
    }
    try {
      return read.computeIfAbsent(
              record.directory(),
              repository ->
                  ManifestIndex.read(
                      new ManifestPlaces(Home.of(context.env()).config(), repository),
                      context.env()))
          .load(record.agent(), List.of())
          .bottle()
          .names();
    } catch (ManifestException e) {
      return List.of();
    }
  }

  private static String json(List<Found> found, Context context) {
    Map<Path, ManifestIndex> read = new HashMap<>();
    return Json.of(
        json -> {
          json.writeStartArray();
          for (Found each : found) {
            BottleRecord record = each.record();
            json.writeStartObject();
            json.writeStringProperty("slug", record.slug());
            json.writeStringProperty("label", record.label());
            json.writeStringProperty("color", record.color());
            json.writeStringProperty("state", state(each));
            json.writeStringProperty("agent", record.agent());
            Json.strings(json, "bottles", bottlesOf(record, read, context));
            json.writeStringProperty("provider", record.provider());
            json.writeStringProperty("engine", record.engine());
            json.writeStringProperty("image", record.image());
            Json.string(json, "workspace", record.workspace().map(Path::toString));
            Json.string(json, "frozen", each.frozen());
            json.writeStringProperty("started", record.started().toString());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static int agents(Arguments arguments, Context context) {
    ManifestIndex index = Manifests.index(arguments, context);
    Readiness readiness = new Readiness(index, context.env());
    if (arguments.has("--json")) {
      context.console().line(Json.of(out -> ManifestText.list(out, index, readiness)));
      return ExitCode.OK;
    }
    for (ManifestIndex.FoundAgent agent : index.agents()) {
      List<String> problems = readiness.problems(agent.name(), List.of());
      context
          .console()
          .line(
              agent.name()
                  + (problems.isEmpty() ? "" : "  (cannot start: " + problems.getFirst() + ")"));
    }
    return ExitCode.OK;
  }
}
