package dev.carafe.image.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs a real program and expects it to succeed. */
public final class Tool {
  private Tool() {}

  /** What it printed. */
  public static String run(String... command) throws IOException, InterruptedException {
    return run(List.of(command));
  }

  public static String run(List<String> command) throws IOException, InterruptedException {
    Path errors = Files.createTempFile("tool", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
      builder.environment().put("TZ", "UTC");
      builder.environment().put("LC_ALL", "C.UTF-8");
      Process process = builder.start();
      process.getOutputStream().close();
      String printed;
      try (InputStream out = process.getInputStream()) {
        printed = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      if (process.waitFor() != 0) {
        throw new AssertionError(
            String.join(" ", command) + " failed: " + Files.readString(errors));
      }
      return printed;
    } finally {
      Files.delete(errors);
    }
  }
}
