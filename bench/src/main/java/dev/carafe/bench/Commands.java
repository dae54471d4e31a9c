package dev.carafe.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Whole processes. */
final class Commands {
  private Commands() {}

  /** Runs a command to its end; returns what it wrote to standard output. */
  static String run(Map<String, String> env, List<String> command)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectInput(new java.io.File("/dev/null"));
    builder.environment().putAll(env);
    Path errors = java.nio.file.Files.createTempFile("carafe-bench", ".err");
    try {
      builder.redirectError(errors.toFile());
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exitCode = process.waitFor();
      if (exitCode != 0) {
        throw new IOException(
            String.join(" ", command)
                + " ended with "
                + exitCode
                + ": "
                + java.nio.file.Files.readString(errors).strip());
      }
      return output;
    } finally {
      java.nio.file.Files.deleteIfExists(errors);
    }
  }

  static String run(String... command) throws IOException, InterruptedException {
    return run(Map.of(), List.of(command));
  }

  /** Runs a command and adds the time it took, as its caller sees it. */
  static void timed(Samples samples, String metric, Map<String, String> env, List<String> command)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    run(env, command);
    samples.addSince(metric, start);
  }
}
