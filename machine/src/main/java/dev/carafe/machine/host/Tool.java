package dev.carafe.machine.host;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program of the host to its end and gives what it wrote, at most {@value #KEPT} bytes of
 * each stream. Its standard input is empty. Blocks; on interruption and when its time is up the
 * program is killed and reaped. Not for the launch path.
 */
record Tool(int exitCode, String stdout, String stderr) {
  private static final int KEPT = 1 << 20;

  /** Runs {@code argv} in the directory {@code in} with {@code env} added to this environment. */
  static Tool run(
      String attempted, Path in, Map<String, String> env, Duration limit, List<String> argv) {
    Process process;
    try {
      ProcessBuilder builder =
          new ProcessBuilder(argv).redirectInput(Path.of("/dev/null").toFile());
      builder.directory(in.toFile());
      builder.environment().put("LC_ALL", "C.UTF-8");
      builder.environment().putAll(env);
      process = builder.start();
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, attempted, e.getMessage(), e);
    }
    Reader out = new Reader(process.getInputStream());
    Reader err = new Reader(process.getErrorStream());
    Thread first = Thread.startVirtualThread(out);
    Thread second = Thread.startVirtualThread(err);
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new MachineException(
            ErrorCode.TIMEOUT,
            attempted,
            Path.of(argv.getFirst()).getFileName()
                + " did not end within "
                + limit.toSeconds()
                + " seconds");
      }
      first.join();
      second.join();
      return new Tool(process.exitValue(), out.text(), err.text());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.HOST, attempted, "interrupted", e);
    } finally {
      kill(process);
    }
  }

  /** Kills a process and what it started, and waits until it is reaped. */
  static void kill(Process process) {
    if (process.isAlive()) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  /** Throws, with what the program said, unless it exited with 0. */
  Tool orThrow(String attempted, List<String> argv) {
    if (exitCode != 0) {
      throw MachineException.ofProgram(
          ErrorCode.HOST, attempted, argv, exitCode, lastLines(stderr.isBlank() ? stdout : stderr));
    }
    return this;
  }

  /** What went wrong is at the end, and a person reads only a few lines. */
  private static String lastLines(String text) {
    List<String> lines = text.strip().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
  }

  private static final class Reader implements Runnable {
    private final InputStream from;
    private final byte[] kept = new byte[1 << 16];
    private final StringBuilder text = new StringBuilder();

    Reader(InputStream from) {
      this.from = from;
    }

    @Override
    public void run() {
      try {
        for (int n; (n = from.read(kept)) >= 0; ) {
          text.append(new String(kept, 0, n, StandardCharsets.UTF_8));
          if (text.length() > KEPT) {
            text.delete(0, text.length() - KEPT);
          }
        }
      } catch (IOException e) {
        // The program was killed; what it wrote until then is what there is.
      }
    }

    String text() {
      return text.toString();
    }
  }
}
