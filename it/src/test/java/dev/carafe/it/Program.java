package dev.carafe.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs the command line as its users do, as a process of its own with the lab's home, and keeps
 * what it wrote.
 */
record Program(int exitCode, byte[] stdout, String stderr) {
  private static final int LIMIT_MINUTES = 20;

  /** {@code ./carafe ARGUMENTS}. */
  static Program carafe(String... arguments) throws Exception {
    return carafe(Lab.environment(), arguments);
  }

  /** {@code ./carafe ARGUMENTS} in another environment. */
  static Program carafe(Map<String, String> environment, String... arguments) throws Exception {
    return run(Lab.launcher(), environment, new byte[0], List.of(arguments));
  }

  /** A program by its path, with standard input. */
  static Program run(Path program, byte[] input, List<String> arguments) throws Exception {
    return run(program, Lab.environment(), input, arguments);
  }

  private static Program run(
      Path program, Map<String, String> environment, byte[] input, List<String> arguments)
      throws Exception {
    Process process = start(program, environment, arguments);
    var out = new Drain(process.getInputStream());
    var err = new Drain(process.getErrorStream());
    // Not virtual ones: a read from a pipe holds its carrier, and servers of tests need some.
    Thread first = Thread.ofPlatform().daemon().start(out);
    Thread second = Thread.ofPlatform().daemon().start(err);
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input);
    } catch (IOException e) {
      // It did not want all of it.
    }
    if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(program + " " + arguments + " did not end");
    }
    first.join();
    second.join();
    return new Program(
        process.exitValue(), out.bytes, new String(err.bytes, StandardCharsets.UTF_8));
  }

  /** Starts a program and does not wait for it. */
  static Process start(Path program, List<String> arguments) throws IOException {
    return start(program, Lab.environment(), arguments);
  }

  /** Starts a program in that environment, and does not wait for it. */
  static Process start(Path program, Map<String, String> environment, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
    var builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  String out() {
    return new String(stdout, StandardCharsets.UTF_8);
  }

  private static final class Drain implements Runnable {
    private final InputStream from;
    private volatile byte[] bytes = new byte[0];

    Drain(InputStream from) {
      this.from = from;
    }

    @Override
    public void run() {
      try {
        bytes = from.readAllBytes();
      } catch (IOException e) {
        // It was killed.
      }
    }
  }
}
