package dev.carafe.cli;

import dev.carafe.image.Image;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code image import}: stores an archive as an image. */
final class ImageImportVerb extends Verb {
  @Override
  String summary() {
    return "Stores an archive (docker save, OCI, or a tar of a root file system) as an image.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON.", "--json")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(2, "FILE|- NAME")
        .example("image import rootfs.tar.gz mine:latest")
        .example("image import - mine:latest < image.tar");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.positionals().size() != 2) {
      throw new UsageException(
          "an archive and a name are needed",
          "Usage: " + context.program().name() + " image import FILE|- NAME");
    }
    String file = arguments.positionals().get(0);
    String name = arguments.positionals().get(1);
    Image image;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"));
        InputStream archive = open(file, context)) {
      progress.step("Importing " + file);
      image = context.rooms().images().importArchive(archive, name, progress);
    } catch (IOException e) {
      throw new FailureException(
          "io operation failed: read " + Text.shown(file) + ": " + e.getMessage(),
          ExitCode.FAILED,
          e);
    }
    return ImageText.stored("Imported", name, image, arguments, context);
  }

  private static InputStream open(String file, Context context) throws IOException {
    if (file.equals("-")) {
      return new BufferedInputStream(context.console().in(), 64 * 1024);
    }
    Path path = Path.of(file);
    if (!Files.isRegularFile(path) && !Files.isReadable(path)) {
      throw new FailureException("io operation failed: " + Text.shown(file) + ": no such file");
    }
    return new BufferedInputStream(Files.newInputStream(path), 64 * 1024);
  }
}
