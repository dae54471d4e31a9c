package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.provision.Change;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.bottle.provision.Pull;
import dev.carafe.bottle.provision.Pull.Allowed;
import dev.carafe.image.Progress;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.core.JsonGenerator;

/** {@code pull}: brings back what the agent has changed in its copy of the workspace. */
final class PullVerb extends Verb {
  @Override
  String summary() {
    return "Brings what has changed in a running bottle's workspace back here.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Also new files that git ignores.", "--include-ignored")
        .flag("Also files that were changed here since.", "--force")
        .flag("Do not ask.", "-y", "--yes")
        .flag("As JSON; asks nothing either.", "--json")
        .arguments(100, "[SLUG [PATH...]]")
        .naming(Named.BOTTLES)
        .example("pull claude-x7k2p")
        .example("pull claude-x7k2p src/main --yes");
  }

  /** A change on one line. */
  static String line(Change change) {
    return Text.padded(word(change), 9)
        + change.name()
        + (change.changedHere() ? " (changed here too)" : "");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    boolean asJson = arguments.has("--json");
    try (Carafe carafe = context.rooms().carafe(Progress.silent(), note -> {});
        GuestChanges changes = DiffVerb.changes(carafe, arguments, context)) {
      changes.notes().forEach(console::note);
      if (changes.all().isEmpty() && !asJson) {
        console.line("Nothing has changed.");
        return ExitCode.OK;
      }
      if (!asJson) {
        changes.all().forEach(change -> console.line(line(change)));
      }
      if (!asJson && !arguments.has("--yes") && !console.confirm("Bring these here? [y/N] ")) {
        console.note("Cancelled");
        return ExitCode.FAILED;
      }
      Set<Allowed> allowed = EnumSet.of(Allowed.OVERWRITE, Allowed.DELETE);
      if (arguments.has("--force")) {
        allowed.add(Allowed.CHANGED_HERE);
      }
      Pull.Result result = Pull.apply(changes, allowed);
      console.line(asJson ? json(changes.all(), result) : "Brought back: " + result.done().size());
      result.left().forEach(console::note);
      if (!result.left().isEmpty()) {
        throw new FailureException(left(changes.all(), result, arguments.positionals(), context));
      }
      return ExitCode.OK;
    }
  }

  /** Shows what has changed, and brings it here unless somebody says no; false if some was left. */
  static boolean bring(GuestChanges changes, boolean unasked, Context context) {
    Console console = context.console();
    changes.notes().forEach(console::note);
    changes.all().forEach(change -> console.note(line(change)));
    if (!unasked && !changes.all().isEmpty() && !console.confirm("Bring these here? [y/N] ")) {
      return false;
    }
    Pull.Result result = Pull.apply(changes, EnumSet.of(Allowed.OVERWRITE, Allowed.DELETE));
    console.note("Brought back: " + result.done().size());
    result.left().forEach(console::note);
    return result.left().isEmpty();
  }

  private static String json(List<Change> all, Pull.Result result) {
    List<Change> left = all.stream().filter(change -> !result.done().contains(change)).toList();
    return Json.object(
        json -> {
          changes(json, "brought", result.done());
          changes(json, "left", left);
        });
  }

  /** Changes as a property; a name is written as the guest chose it. */
  static void changes(JsonGenerator json, String property, List<Change> changes) {
    json.writeArrayPropertyStart(property);
    for (Change change : changes) {
      json.writeStartObject();
      json.writeStringProperty("kind", word(change));
      json.writeStringProperty("path", change.path().toString());
      json.writeBooleanProperty("changedHere", change.changedHere());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static String word(Change change) {
    return change.kind().name().toLowerCase(Locale.ROOT);
  }

  static String left(List<Change> all, Pull.Result result, List<String> words, Context context) {
    int count = result.left().size();
    boolean forcible =
        all.stream().anyMatch(change -> change.changedHere() && !result.done().contains(change));
    return count
        + (count == 1 ? " file was" : " files were")
        + " left as here"
        + (forcible
            ? "; '"
                + context.program().name()
                + " pull "
                + (words.isEmpty() ? "" : Text.shown(String.join(" ", words)) + " ")
                + "--force' also replaces what has been changed here, too"
            : "");
  }
}
