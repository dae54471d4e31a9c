package dev.carafe.cli;

import dev.carafe.bottle.botbottle.BotBottleTree;
import dev.carafe.bottle.botbottle.BotBottleTree.Planned;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.ManifestProblem;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code import-bot-bottle}: bot-bottle's agents and bottles as ours; writes over nothing. */
final class ImportBotBottleVerb extends Verb {
  @Override
  String summary() {
    return "Carries the agents and bottles of bot-bottle over, and says what could not be.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("Write nothing; show what would be written.", "--dry-run")
        .arguments(1, "[DIR]")
        .example("import-bot-bottle --dry-run")
        .example("import-bot-bottle ~/.bot-bottle");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Path directory =
        arguments
            .first()
            .map(Path::of)
            .orElseGet(
                () ->
                    Path.of(
                            Optional.ofNullable(context.env().get("HOME"))
                                .orElseThrow(
                                    () ->
                                        new UsageException(
                                            "HOME is not set: name bot-bottle's directory")))
                        .resolve(".bot-bottle"));
    if (!Files.isDirectory(directory)) {
      throw new FailureException(
          "there is no directory " + directory + "; name the one that bot-bottle uses");
    }
    ManifestPlaces places = Manifests.places(arguments, context);
    BotBottleTree tree;
    try {
      tree = BotBottleTree.read(directory, places, context.env());
    } catch (IOException e) {
      throw new FailureException(directory + " cannot be read: " + e.getMessage());
    }
    boolean dry = arguments.has("--dry-run");
    List<Path> written = new ArrayList<>();
    int left = 0;
    for (Planned file : tree.files()) {
      file.notes().forEach(note -> context.console().note(note));
      if (file.content().isEmpty()) {
        left++;
      } else if (dry) {
        show(file, context);
      } else if (wrote(file, context)) {
        written.add(file.target());
      } else {
        left++;
      }
    }
    tree.left().forEach(note -> context.console().note(note));
    if (tree.files().isEmpty()) {
      context.console().line("There are no agents and no bottles in " + directory + ".");
    }
    List<ManifestProblem> problems =
        ManifestIndex.read(places, context.env()).problems().stream()
            .filter(problem -> problem.file().map(written::contains).orElse(false))
            .toList();
    Manifests.say(problems, context);
    if (left > 0 || !problems.isEmpty()) {
      throw new FailureException(
          (left > 0 ? left + (left == 1 ? " file was" : " files were") + " left out" : "")
              + (left > 0 && !problems.isEmpty() ? "; " : "")
              + (problems.isEmpty()
                  ? ""
                  : "what was written has " + Manifests.mistakes(problems.size())));
    }
    return ExitCode.OK;
  }

  private static void show(Planned file, Context context) {
    boolean there = Files.exists(file.target(), LinkOption.NOFOLLOW_LINKS);
    context
        .console()
        .line(
            "# "
                + Manifests.shown(file.target(), context)
                + (there ? " (is there already, and would be left as it is)" : ""));
    context.console().print(file.content().orElseThrow());
    context.console().line("");
  }

  private static boolean wrote(Planned file, Context context) {
    String shown = Manifests.shown(file.target(), context);
    try {
      InitVerb.create(file.target(), file.content().orElseThrow());
      context.console().line("Wrote " + shown);
      return true;
    } catch (FileAlreadyExistsException e) {
      context.console().note(shown + ": is there already, and was left as it is");
      return false;
    } catch (IOException e) {
      throw InitVerb.cannot(file.target(), e);
    }
  }
}
