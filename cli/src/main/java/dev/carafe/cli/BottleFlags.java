package dev.carafe.cli;

import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.provider.Color;
import java.nio.file.Path;
import java.util.Optional;

/** The options with which a bottle is asked for. */
final class BottleFlags {
  private BottleFlags() {}

  static void describe(Grammar grammar) {
    grammar
        .value("DIR", "Copy this directory into the bottle, to be worked in.", "--cwd")
        .flag("Copy also what git ignores.", "--include-ignored")
        .flag("Copy the directory although it is, or holds, the home directory.", "--force")
        .values("NAME", "Run in this bottle; several are put together in this order.", "--bottle")
        .value("TEXT", "What the session is called (default: as the agent).", "--label")
        .value("COLOR", "Of the label: " + String.join(", ", Color.words()) + ".", "--color")
        .value("REF", "An image in place of the provider's.", "--image")
        .value("COUNT", "Processors of its machine (default: 2).", "--cpus")
        .value("MIB", "Memory of its machine (default: " + BottleSpec.MEMORY_MIB + ").", "--mem")
        .value("DIR", "Where the repository's agents are (default: here).", "--directory")
        .flag("Only get the image ready, and start nothing.", "--image-only");
    describeSession(grammar);
  }

  /** The options of a session, also of one that goes on. */
  static void describeSession(Grammar grammar) {
    grammar
        .flag("No questions, no terminal: do one task, and end.", "--headless")
        .value("TEXT", "The task, with --headless.", "--prompt")
        .flag("Keep the machine when the session ends, to be resumed.", "--keep")
        .flag("Bring what the agent has changed here when the session ends.", "--pull")
        .flag("Show what would be done, and do nothing.", "--dry-run")
        .flag("With --dry-run: as JSON.", "--json")
        .flag("Do not ask.", "-y", "--yes")
        .flag("Show no progress.", "-q", "--quiet");
  }

  /** The task, if there is to be nobody to talk to. */
  static Optional<String> task(Arguments arguments) {
    Optional<String> prompt = arguments.value("--prompt");
    boolean headless = arguments.has("--headless");
    if (prompt.isPresent() && !headless) {
      throw new UsageException(
          "--prompt is for --headless; in a terminal, tell the agent yourself");
    }
    boolean starts = !arguments.has("--image-only");
    if (headless && prompt.isEmpty() && arguments.command().isEmpty() && starts) {
      throw new UsageException(
          "--headless needs a task: --prompt TEXT, or the program's own arguments after --");
    }
    if (prompt.filter(String::isBlank).isPresent()) {
      throw new UsageException("the task of --prompt is empty");
    }
    if (arguments.has("--json") && !arguments.has("--dry-run")) {
      throw new UsageException("--json is for --dry-run");
    }
    return prompt;
  }

  static BottleSpec spec(String agent, Arguments arguments, Context context) {
    BottleSpec spec =
        BottleSpec.of(Manifests.name(agent))
            .withBottles(arguments.values("--bottle").stream().map(Manifests::name).toList())
            .withDirectory(Path.of(arguments.value("--directory").orElse("")))
            .withSize(
                Values.cpus(arguments, context.console(), BottleSpec.CPUS),
                Values.memoryMib(arguments, BottleSpec.MEMORY_MIB));
    Optional<String> workspace = arguments.value("--cwd");
    if (arguments.has("--force")) {
      spec = spec.withForce();
    }
    if (workspace.isPresent()) {
      spec = spec.withWorkspace(Path.of(workspace.get()), arguments.has("--include-ignored"));
    }
    Optional<String> label = arguments.value("--label");
    if (label.isPresent()) {
      spec = spec.withLabel(label.get());
    }
    Optional<String> color = arguments.value("--color");
    if (color.isPresent()) {
      spec =
          spec.withColor(
              Color.of(color.get())
                  .orElseThrow(
                      () ->
                          new UsageException(
                              "'" + Text.shown(color.get()) + "' is no color",
                              Suggestion.hint(
                                  color.get(),
                                  Color.words(),
                                  "Known: " + String.join(", ", Color.words()) + "."))));
    }
    Optional<String> image = arguments.value("--image");
    if (image.isPresent()) {
      spec = spec.withImage(image.get());
    }
    return arguments.has("--headless") ? spec.withoutOperator() : spec;
  }
}
