package dev.carafe.machine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** Runs a command to its end and keeps all it writes, both streams drained at once. */
final class Captured {
  private Captured() {}

  static ExecResult run(Machine machine, ExecSpec spec) {
    try (Execution execution = machine.exec(spec)) {
      if (spec.input()) {
        closeQuietly(execution);
      }
      var stderr = new Drain(execution.stderr());
      Thread reader = Thread.ofVirtual().start(stderr);
      var stdout = new Drain(execution.stdout());
      stdout.run();
      int exitCode = execution.await();
      join(reader);
      byte[] err = stderr.bytes();
      if (exitCode >= 126 && exitCode <= 127 && err.length == 0) {
        err = (execution.message() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8);
      }
      return new ExecResult(exitCode, stdout.bytes(), err);
    }
  }

  private static void closeQuietly(Execution execution) {
    try {
      execution.stdin().close();
    } catch (IOException e) {
      // The command has ended already: there is nobody to tell.
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, "capture a command's output", "interrupted", e);
    }
  }

  /** Reads a stream to its end; a stream that breaks off ends there, and {@code await} says why. */
  private static final class Drain implements Runnable {
    private final InputStream from;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Drain(InputStream from) {
      this.from = from;
    }

    @Override
    public void run() {
      try {
        from.transferTo(bytes);
      } catch (IOException e) {
        // The channel is lost; await() throws with the reason.
      }
    }

    byte[] bytes() {
      return bytes.toByteArray();
    }
  }
}
