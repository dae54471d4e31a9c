package dev.carafe.cli;

import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestName;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.cli.pick.Choice;
import dev.carafe.cli.pick.Pickers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * {@code edit}: an agent's or a bottle's file in the user's editor, and what is wrong with it then.
 */
final class EditVerb extends Verb {
  @Override
  String summary() {
    return "Opens an agent's or a bottle's file in your editor, and checks it afterwards.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("The agent of that name.", "--agent").flag("The bottle of that name.", "--bottle");
    Manifests.directory(grammar)
        .arguments(1, "[NAME]")
        .naming(Named.AGENTS)
        .example("edit claude --agent")
        .example("edit claude --bottle");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.has("--agent") && arguments.has("--bottle")) {
      throw new UsageException("--agent and --bottle exclude each other");
    }
    ManifestIndex before = Manifests.index(arguments, context);
    Path file =
        arguments.first().isPresent()
            ? file(Manifests.name(arguments.first().get()), arguments, before, context)
            : asked(arguments, before, context);
    open(file, context);
    Set<ManifestProblem> problems = new TreeSet<>(Manifests.index(arguments, context).problems());
    // What was wrong elsewhere is another matter; what became wrong elsewhere is this one.
    problems.removeIf(
        problem ->
            !problem.file().equals(Optional.of(file)) && before.problems().contains(problem));
    String shown = Manifests.shown(file, context);
    if (!problems.isEmpty()) {
      Manifests.say(problems, context);
      throw new FailureException(
          Manifests.mistakes(problems.size())
              + "; what you wrote is kept in "
              + shown
              + ": edit it again");
    }
    context.console().line(shown + ": no mistakes");
    return ExitCode.OK;
  }

  private static Path asked(Arguments arguments, ManifestIndex index, Context context) {
    List<Choice<Path>> files = new ArrayList<>();
    if (!arguments.has("--bottle")) {
      index.agents().forEach(a -> files.add(new Choice<>(a.file(), a.name(), "agent")));
    }
    if (!arguments.has("--agent")) {
      index.bottles().forEach(b -> files.add(new Choice<>(b.file(), b.name(), "bottle")));
    }
    String program = context.program().name();
    if (files.isEmpty()) {
      throw new FailureException(
          "there is nothing to edit yet; '" + program + " init' makes a first pair");
    }
    return new Pickers(context.env(), "name an agent or a bottle: " + program + " edit NAME")
        .one("Edit which?", files)
        .orElseThrow(() -> new FailureException("Cancelled"));
  }

  private static Path file(String name, Arguments arguments, ManifestIndex index, Context context) {
    Optional<Path> agent =
        index.agents().stream()
            .filter(a -> a.name().equals(name))
            .map(ManifestIndex.FoundAgent::file)
            .findFirst();
    Optional<Path> bottle =
        index.bottles().stream()
            .filter(b -> b.name().equals(name))
            .map(ManifestIndex.FoundBottle::file)
            .findFirst();
    boolean both = !arguments.has("--agent") && !arguments.has("--bottle");
    if (both && agent.isPresent() && bottle.isPresent()) {
      throw new UsageException(
          "'" + name + "' is an agent and a bottle",
          "Say which one is meant, with --agent or --bottle.");
    }
    Optional<Path> wanted =
        arguments.has("--agent")
            ? agent
            : arguments.has("--bottle") ? bottle : agent.or(() -> bottle);
    return wanted.orElseThrow(() -> new FailureException(missing(name, arguments, index, context)));
  }

  private static String missing(
      String name, Arguments arguments, ManifestIndex index, Context context) {
    List<String> known = new ArrayList<>();
    if (!arguments.has("--bottle")) {
      index.agents().forEach(a -> known.add(a.name()));
    }
    if (!arguments.has("--agent")) {
      index.bottles().forEach(b -> known.add(b.name()));
    }
    String kind =
        arguments.has("--agent")
            ? "agent"
            : arguments.has("--bottle") ? "bottle" : "agent or bottle";
    String unread =
        index.problems().stream()
            .filter(p -> p.file().map(f -> f.endsWith(name + ".md")).orElse(false))
            .map(problem -> " (" + problem + ")")
            .findFirst()
            .orElse("");
    return "there is no "
        + kind
        + " '"
        + name
        + "'"
        + unread
        + (known.isEmpty()
            ? "; '" + context.program().name() + " init' makes a first pair"
            : ManifestName.instead(name, known.stream().distinct().toList()));
  }

  /** Runs the editor on our own terminal and waits for it. A shell reads the variable, as git's. */
  private static void open(Path file, Context context) {
    String editor =
        Stream.of("VISUAL", "EDITOR")
            .map(variable -> context.env().getOrDefault(variable, ""))
            .filter(value -> !value.isBlank())
            .findFirst()
            .orElse("vi");
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-c", editor + " \"$@\"", "edit", file.toString()).inheritIO();
    builder.environment().clear();
    builder.environment().putAll(context.env());
    // Ctrl-C goes to the editor as well, which knows what it means.
    context.signals().handle(Signals.INTERRUPT, () -> {});
    int exitCode;
    try {
      exitCode = builder.start().waitFor();
    } catch (IOException e) {
      throw new FailureException("the editor cannot be started: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while the editor was open");
    }
    if (exitCode == 127) {
      throw new FailureException(
          "there is no editor '" + Text.shown(editor) + "': name yours with VISUAL or EDITOR");
    }
    if (exitCode != 0) {
      throw new FailureException(
          "the editor '"
              + Text.shown(editor)
              + "' ended with exit code "
              + exitCode
              + "; nothing was checked");
    }
  }
}
