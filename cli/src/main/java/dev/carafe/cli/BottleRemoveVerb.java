package dev.carafe.cli;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code bottle rm}: removes bottles that nobody runs, after asking. */
final class BottleRemoveVerb extends Verb {
  @Override
  String summary() {
    return "Removes a bottle that is not running; images that it was frozen to stay.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Do not ask.", "-y", "--yes")
        .flag("As JSON; asks nothing either.", "--json")
        .arguments(Integer.MAX_VALUE, "[SLUG...]")
        .naming(Named.BOTTLES)
        .example("bottle rm claude-x7k2p")
        .example("bottle rm claude-x7k2p codex-3m9qd --yes");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {})) {
      List<String> wanted =
          arguments.positionals().isEmpty()
              ? List.of(
                  BottleChoice.ask(carafe, context, "Remove which bottle?", found -> !found.live()))
              : arguments.positionals();
      // One that is not there, or cannot be removed, keeps none of the others.
      List<String> there =
          wanted.stream().filter(slug -> succeeds(() -> carafe.get(slug), console)).toList();
      boolean asked = !arguments.has("--yes") && !arguments.has("--json") && !there.isEmpty();
      if (asked && !console.confirm("Remove " + String.join(", ", there) + "? [y/N] ")) {
        console.line("Cancelled");
        return ExitCode.FAILED;
      }
      Map<String, List<String>> imagesOf = new LinkedHashMap<>();
      there.forEach(slug -> succeeds(() -> imagesOf.put(slug, carafe.remove(slug)), console));
      if (arguments.has("--json")) {
        console.line(json(imagesOf));
      } else {
        imagesOf.forEach((slug, images) -> say(slug, images, context));
      }
      return imagesOf.size() == wanted.size() ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  private static boolean succeeds(Runnable step, Console console) {
    try {
      step.run();
      return true;
    } catch (BottleException e) {
      console.note("Error: " + e.getMessage());
      return false;
    }
  }

  private static String json(Map<String, List<String>> imagesOf) {
    return Json.object(
        json -> {
          json.writeArrayPropertyStart("removed");
          imagesOf.forEach(
              (slug, images) -> {
                json.writeStartObject();
                json.writeStringProperty("slug", slug);
                Json.strings(json, "imagesLeft", images);
                json.writeEndObject();
              });
          json.writeEndArray();
        });
  }

  private static void say(String slug, List<String> images, Context context) {
    String all = String.join(" ", images);
    context.console().line("Removed: " + slug);
    if (!images.isEmpty()) {
      context
          .console()
          .line(
              "Its images stay: "
                  + all.replace(" ", ", ")
                  + " ('"
                  + context.program().name()
                  + " image rm "
                  + all
                  + "' removes them)");
    }
  }
}
