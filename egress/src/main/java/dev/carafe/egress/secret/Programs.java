package dev.carafe.egress.secret;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs programs that print a secret. No shell; nothing on their standard input; what they say on
 * standard error is thrown away, since it may quote the secret. One that takes longer than the
 * limit is killed with all that it started.
 */
final class Programs {
  private static final int MOST_OUTPUT = 64 * 1024;

  private final Map<String, String> env;

  Programs(Map<String, String> env) {
    this.env = env;
  }

  /** Where PATH leads to for this name; a name with a slash is a path already. */
  Optional<Path> find(String program) {
    if (program.contains("/")) {
      return Optional.of(Path.of(program)).filter(Files::isExecutable);
    }
    for (String directory : env.getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
      Path path = Path.of(directory.isEmpty() ? "." : directory, program);
      if (Files.isRegularFile(path) && Files.isExecutable(path)) {
        return Optional.of(path);
      }
    }
    return Optional.empty();
  }

  /** What the program prints within the limit, trimmed. */
  byte[] output(SecretReference reference, List<String> words, Duration limit)
      throws SecretException {
    if (!limit.isPositive()) {
      throw new SecretException(
          reference.name() + " was not fetched: the secrets before it took too long");
    }
    Path program =
        find(words.getFirst())
            .orElseThrow(
                () ->
                    new SecretException(
                        reference.name() + " cannot be had: there is no such program on PATH"));
    List<String> command = new ArrayList<>(words);
    command.set(0, program.toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(env);
    builder.redirectInput(new File("/dev/null")).redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new SecretException(reference.name() + " cannot be had: the program does not start");
    }
    try {
      return printed(reference, process, limit);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private byte[] printed(SecretReference reference, Process process, Duration limit)
      throws SecretException {
    long deadline = System.nanoTime() + limit.toNanos();
    CompletableFuture<byte[]> output = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> read(process.getInputStream(), output));
    try {
      byte[] raw = output.get(left(deadline), TimeUnit.NANOSECONDS);
      if (!process.waitFor(left(deadline), TimeUnit.NANOSECONDS)) {
        throw new TimeoutException();
      }
      int exitCode = process.exitValue();
      // First: a program of which no more is read may die of that, and its exit code says less.
      boolean tooLong = raw.length > MOST_OUTPUT;
      if (tooLong || exitCode != 0) {
        Arrays.fill(raw, (byte) 0);
        throw new SecretException(
            reference.name()
                + (tooLong
                    ? " is longer than " + MOST_OUTPUT + " bytes"
                    : " cannot be had: the program ended with exit code "
                        + exitCode
                        + "; run it by hand to see why"));
      }
      byte[] trimmed = SecretSources.trimmed(raw);
      if (trimmed.length == 0) {
        throw new SecretException(reference.name() + " is empty");
      }
      return trimmed;
    } catch (TimeoutException e) {
      throw new SecretException(
          reference.name()
              + " cannot be had: the program did not end within "
              + limit.toMillis()
              + " ms; it gets no input, so it must not ask for any");
    } catch (ExecutionException e) {
      throw new SecretException(reference.name() + " cannot be read");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SecretException(reference.name() + " was not waited for");
    }
  }

  private static long left(long deadline) {
    return Math.max(1, deadline - System.nanoTime());
  }

  private static void read(InputStream stream, CompletableFuture<byte[]> output) {
    try (stream) {
      output.complete(stream.readNBytes(MOST_OUTPUT + 1));
    } catch (IOException e) {
      output.completeExceptionally(e);
    }
  }
}
