package dev.carafe.cli;

import dev.carafe.image.Image;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

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
        .value(
            "PATH", "Writes PATH.smolmachine, and PATH, a program that runs it.", "-o", "--output")
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
    Optional<String> entrypoint = arguments.value("--entrypoint");
    Packs.Options options =
        new Packs.Options(
            Values.cpus(arguments, context.console(), context.program().cpus()),
            Values.memoryMib(arguments, context.program().memoryMib()),
            entrypoint.map(List::of).orElse(List.of()));
    Path program = Path.of(output);
    Console console = context.console();
    Packs.Written written;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      Image image = context.rooms().images().ensure(reference, progress);
      console.line("Image: " + reference + " (" + image.layers().size() + " layers)");
      written = context.rooms().packs().create(image, reference, program, options, progress);
    }
    long stub = writeProgram(program, context.program().name());
    console.line(
        "Packed: "
            + output
            + " (stub: "
            + kilobytes(stub)
            + "KB, total: "
            + kilobytes(stub + written.bytes())
            + "KB)");
    console.line(
        "Assets: " + written.sidecar() + " (" + kilobytes(written.bytes()) + "KB compressed)");
    console.line("Run with: " + (program.isAbsolute() ? output : "./" + output));
    return ExitCode.OK;
  }

  private static long kilobytes(long bytes) {
    return (bytes + 1023) / 1024;
  }

  /** A short script that runs the file beside it; replaces what is there, whole or not at all. */
  private static long writeProgram(Path path, String program) {
    String script =
        "#!/bin/sh\n"
            + "# Runs the image in the file beside this one.\n"
            + "exec "
            + program
            + " machine run --from \"$0"
            + SUFFIX
            + "\" -- \"$@\"\n";
    byte[] bytes = script.getBytes(StandardCharsets.UTF_8);
    try {
      Path directory = path.toAbsolutePath().getParent();
      Path unfinished = Files.createTempFile(directory, ".pack-", ".tmp");
      try {
        Files.write(unfinished, bytes);
        Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(unfinished);
      }
      return bytes.length;
    } catch (IOException e) {
      throw new FailureException(
          "storage operation failed: write " + path + ": " + e, ExitCode.FAILED, e);
    }
  }
}
