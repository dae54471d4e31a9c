package dev.carafe.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process that serves until it is closed; ended by its id, also when the bench is interrupted.
 */
final class Child implements AutoCloseable {
  private final Process process;
  private final Path log;
  private final Thread hook = new Thread(this::end);

  private Child(Process process, Path log) {
    this.process = process;
    this.log = log;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  static Child start(Path log, List<String> command) throws IOException {
    return start(log, Map.of(), command);
  }

  /**
   * @param log gets what it says
   */
  static Child start(Path log, Map<String, String> env, List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).redirectInput(new java.io.File("/dev/null"));
    builder.environment().putAll(env);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    return new Child(builder.start(), log);
  }

  /** Waits until it listens. */
  void awaitPort(int port) throws IOException, InterruptedException {
    for (int i = 0; i < 600 && process.isAlive(); i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    String said = Files.readString(log);
    close();
    throw new IOException(process.info().command().orElse("it") + " does not listen: " + said);
  }

  long pid() {
    return process.pid();
  }

  private void end() {
    List<ProcessHandle> descendants = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    descendants.stream().filter(ProcessHandle::isAlive).forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running.
    }
  }
}
