package dev.carafe.cli;

import dev.carafe.bottle.manifest.FirstPair;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.provider.ProviderException;
import dev.carafe.bottle.provider.Providers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** {@code init}: the first files of a user. */
final class InitVerb extends Verb {
  private static final String NAME = "claude";

  @Override
  String summary() {
    return "Writes a first agent and its bottle, for you to change.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The program that the agent is.", "--provider")
        .arguments(1, "[NAME]")
        .example("init")
        .example("init codex")
        .example("init reviewer --provider claude");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = Manifests.name(arguments.first().orElse(NAME));
    ManifestPlaces places = Manifests.places(arguments, context);
    Map<Path, String> files = new LinkedHashMap<>();
    String provider = provider(name, arguments.value("--provider"), places, context);
    files.put(places.bottles().resolve(name + ".md"), FirstPair.bottle(provider));
    files.put(places.agents().resolve(name + ".md"), FirstPair.agent(name));
    for (Path file : files.keySet()) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw exists(file, name, context);
      }
    }
    files.forEach((file, text) -> write(file, text, name, context));
    files.keySet().forEach(file -> context.console().line("Wrote " + shown(file, context)));
    context.console().line("");
    String program = context.program().name();
    context.console().line("'" + program + " info " + name + "' shows what they come to,");
    context
        .console()
        .line("'" + program + " edit --bottle " + name + "' changes what may be reached.");
    return ExitCode.OK;
  }

  /** The one that is named, else that of the same name, else the one that most begin with. */
  private static String provider(
      String name, Optional<String> named, ManifestPlaces places, Context context) {
    Providers providers = Providers.find(places, context.env());
    // One whose file has mistakes is meant, too; what they are is said then.
    boolean same =
        providers.names().contains(name) || Files.exists(places.providers().resolve(name + ".md"));
    String provider = named.orElse(same ? name : NAME);
    try {
      return providers.named(provider).name();
    } catch (ProviderException e) {
      throw new FailureException(e.getMessage(), ExitCode.FAILED, e);
    }
  }

  private static FailureException exists(Path file, String name, Context context) {
    String program = context.program().name();
    return new FailureException(
        shown(file, context)
            + " is there already; nothing was written over. '"
            + program
            + " info "
            + name
            + "' shows what there is, '"
            + program
            + " init NAME' makes another pair");
  }

  private static String shown(Path file, Context context) {
    return Manifests.shown(file, context);
  }

  private static void write(Path file, String text, String name, Context context) {
    try {
      create(file, text);
    } catch (FileAlreadyExistsException e) {
      throw exists(file, name, context);
    } catch (IOException e) {
      throw cannot(file, e);
    }
  }

  /** Writes a file that is not there yet, and the directories that it is in. */
  static void create(Path file, String text) throws IOException {
    Files.createDirectories(
        file.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(
        file,
        text,
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.WRITE);
  }

  static FailureException cannot(Path file, IOException e) {
    return new FailureException(file + " cannot be written: " + e.getMessage(), ExitCode.FAILED, e);
  }
}
