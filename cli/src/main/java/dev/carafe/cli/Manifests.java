package dev.carafe.cli;

import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestName;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.image.Home;
import java.nio.file.Path;
import java.util.Collection;
import tools.jackson.core.JsonGenerator;

/** Where the manifests of this user are, and how what is wrong with them is said. */
final class Manifests {
  private Manifests() {}

  /** The option that names the repository. */
  static Grammar directory(Grammar grammar) {
    return grammar.value(
        "DIR", "The repository that is worked in. Default: the current directory.", "--directory");
  }

  static ManifestPlaces places(Arguments arguments, Context context) {
    Path repository = Path.of(arguments.value("--directory").orElse(""));
    return new ManifestPlaces(Home.of(context.env()).config(), repository);
  }

  static ManifestIndex index(Arguments arguments, Context context) {
    return ManifestIndex.read(places(arguments, context), context.env());
  }

  /** A name of an agent or a bottle, or the error that it is none. */
  static String name(String given) {
    if (!ManifestName.valid(given)) {
      throw new UsageException(
          "'" + Text.shown(given) + "' is no name of an agent or a bottle",
          "A name has small letters, digits and hyphens, and begins with a letter.");
    }
    return given;
  }

  /** A path as people write it. */
  static String shown(Path path, Context context) {
    String home = context.env().get("HOME");
    return home != null && !home.isEmpty() && path.startsWith(Path.of(home))
        ? "~/" + Path.of(home).relativize(path)
        : path.toString();
  }

  /** Says each, on a line of its own. */
  static void say(Collection<ManifestProblem> problems, Context context) {
    for (ManifestProblem problem : problems) {
      String where =
          problem.file().map(file -> shown(file, context) + ":" + problem.at() + ": ").orElse("");
      context.console().note(where + problem.sentence());
    }
  }

  /** {@code 1 mistake}, {@code 2 mistakes}. */
  static String mistakes(int count) {
    return count + (count == 1 ? " mistake" : " mistakes");
  }

  /** An object that says that something cannot be used, and why. */
  static void invalid(JsonGenerator json, Collection<ManifestProblem> problems) {
    json.writeStartObject();
    json.writeBooleanProperty("valid", false);
    write(json, problems);
    json.writeEndObject();
  }

  /** An array of objects at {@code problems}. */
  static void write(JsonGenerator json, Collection<ManifestProblem> problems) {
    json.writeName("problems");
    json.writeStartArray();
    for (ManifestProblem problem : problems) {
      json.writeStartObject();
      Json.string(json, "file", problem.file().map(Path::toString));
      json.writeNumberProperty("line", problem.at().line());
      json.writeNumberProperty("column", problem.at().column());
      json.writeStringProperty("sentence", problem.sentence());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
