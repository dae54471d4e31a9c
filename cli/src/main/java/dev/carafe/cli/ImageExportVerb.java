package dev.carafe.cli;

import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code image export}: writes an image into one file that other tools read. */
final class ImageExportVerb extends Verb {
  @Override
  String summary() {
    return "Writes an image as an OCI archive, which Docker, skopeo and 'image import' read.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("FILE|-", "Where to; - is standard output.", "-o", "--output")
        .flag("Layers as gzip, for tools that do not know zstd; changes the digest.", "--gzip")
        .flag("As JSON: the image, the file and its size.", "--json")
        .flag("Show no progress.", "-q", "--quiet")
        .arguments(1, "IMAGE")
        .example("image export mine:latest -o mine.tar")
        .example("image export mine:latest -o - > mine.tar");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String reference =
        arguments.first().orElseThrow(() -> new UsageException("no image was named"));
    String output =
        arguments
            .value("--output")
            .orElseThrow(() -> new UsageException("no place was named: give --output FILE, or -"));
    if (output.isEmpty()) {
      throw new UsageException("--output must not be empty");
    }
    if (output.equals("-") && arguments.has("--json")) {
      throw new UsageException("--json and --output - would both write to standard output");
    }
    ArchiveForm form = arguments.has("--gzip") ? ArchiveForm.GZIP : ArchiveForm.AS_KEPT;
    Images images = context.rooms().images();
    Interrupts interrupts = new Interrupts(context.signals());
    interrupts.install();
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      if (output.equals("-")) {
        images.export(reference, form, context.console().out(), progress);
        return ExitCode.OK;
      }
      images.export(reference, form, Path.of(output), progress);
    } catch (ImageException e) {
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      throw e;
    } finally {
      interrupts.clean();
    }
    Image image =
        images
            .find(reference)
            .orElseThrow(() -> new FailureException("image not found: " + Text.shown(reference)));
    written(reference, output, image, arguments, context);
    return ExitCode.OK;
  }

  private static void written(
      String reference, String output, Image image, Arguments arguments, Context context) {
    long bytes = size(Path.of(output));
    context
        .console()
        .line(
            arguments.has("--json")
                ? Json.of(
                    json -> {
                      json.writeStartObject();
                      json.writeStringProperty("image", reference);
                      json.writeStringProperty("digest", image.digest());
                      json.writeStringProperty("file", output);
                      json.writeNumberProperty("bytes", bytes);
                      json.writeEndObject();
                    })
                : "Exported: "
                    + reference
                    + " ("
                    + ImageText.shortDigest(image)
                    + ") to "
                    + output
                    + ", "
                    + Text.bytes(bytes));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new FailureException(
          "io operation failed: look at " + file + ": " + e, ExitCode.FAILED, e);
    }
  }
}
