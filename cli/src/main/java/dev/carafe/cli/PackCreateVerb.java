package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.pack.PackDefaults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code pack create}: writes an image into a {@code .smolmachine} file, and a program beside it.
 */
final class PackCreateVerb extends Verb {
  private static final String SUFFIX = ".smolmachine";

  @Override
  String summary() {
    return "Writes an image into a .smolmachine file.";
  }

  @Override
  void describe(Grammar grammar) {
    Program program = grammar.program();
    grammar
        .value("IMAGE", "The image, from any source.", "-I", "--image")
        .value("PATH", "Writes PATH.smolmachine, and PATH, a note how to use it.", "-o", "--output")
        .value("N", "CPUs of a machine made from it (default: " + program.cpus() + ").", "--cpus")
        .value("MiB", "Its memory (default: " + program.memoryMib() + ").", "--mem")
        .value("COMMAND", "Its entrypoint, instead of the image's.", "--entrypoint")
        .value("OS/ARCH", "The image's platform; only this computer's own.", "--oci-platform")
        .flag("Show no progress.", "-q", "--quiet")
        .accepted("--no-sign")
        .refuseValue("machines cannot be packed yet, only images", "--from-vm")
        .refuseFlags("machines cannot be packed yet, only images", "--rebase-from-image")
        .refuseValue(MachineFlags.NO_SMOLFILE, "-s", "--smolfile")
        .refuseFlags("a pack is a program and a file beside it", "--single-file")
        .refuseFlags(MachineFlags.NO_GPU, "--gpu")
        .refuseValue("it is made beside its place", "--staging-dir")
        .refuseValue("it is a part of smolvm's own installation", "--stub")
        .refuseValue("it is a part of smolvm's own installation", "--lib-dir")
        .refuseValue("it is a part of smolvm's own installation", "--rootfs-dir")
        .refuseValue(MachineFlags.NO_PROXY, "--proxy")
        .refuseValue(MachineFlags.NO_PROXY, "--no-proxy")
        .arguments(0, "")
        .example("pack create --image debian:12 -o debian")
        .example("pack create --image docker-archive:app.tar -o app --cpus 2 --mem 1024");
  }

  @Override
  int run(Arguments arguments, Context context) {
    MachineFlags.checkPlatform(arguments);
    String reference =
        arguments
            .value("--image")
            .orElseThrow(() -> new UsageException("no image was named: give --image IMAGE"));
    String output =
        arguments
            .value("--output")
            .orElseThrow(() -> new UsageException("no place was named: give --output PATH"));
    if (output.isEmpty() || output.endsWith("/") || output.endsWith(SUFFIX)) {
      throw new UsageException(
          "--output '"
              + Text.shown(output)
              + "' must be the name of a file without "
              + SUFFIX
              + ", which is added");
    }
    PackDefaults defaults =
        new PackDefaults(
            Values.cpus(arguments, context.console(), context.program().cpus()),
            Values.memoryMib(arguments, context.program().memoryMib()),
            arguments.value("--entrypoint").map(List::of));
    Console console = context.console();
    Path program = Path.of(output);
    Path pack;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      Image image = context.rooms().images().ensure(reference, progress);
      console.line("Image: " + reference + " (" + image.layers().size() + " layers)");
      pack = context.rooms().packs().create(image, defaults, program, progress);
    }
    long stub = size(program);
    long assets = size(pack);
    console.line(
        "Packed: "
            + output
            + " (stub: "
            + kilobytes(stub)
            + "KB, total: "
            + kilobytes(stub + assets)
            + "KB)");
    console.line("Assets: " + pack + " (" + kilobytes(assets) + "KB compressed)");
    console.line(
        "Run with: " + context.program().name() + " machine run --from " + pack + " -- <command>");
    return ExitCode.OK;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new FailureException(
          "io operation failed: look at " + file + ": " + e, ExitCode.FAILED, e);
    }
  }

  private static long kilobytes(long bytes) {
    return (bytes + 1023) / 1024;
  }
}
