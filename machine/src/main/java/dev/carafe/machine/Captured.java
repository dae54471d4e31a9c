package dev.carafe.machine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs a command to its end and keeps all it writes, both streams drained at once. A command that
 * writes more than is kept is ended.
 */
final class Captured {
  private static final int PIECE = 1 << 16;

  private Captured() {}

  /**
   * Reads all that a command writes, and waits for its end; closes it.
   *
   * @param machine whose command it is, for messages
   * @param input whether its standard input is to be ended
   * @param most bytes that are kept of each stream
   */
  static ExecResult of(Execution command, String machine, boolean input, int most) {
    try (Execution execution = command) {
      if (input) {
        closeQuietly(execution);
      }
      var stderr = new Drain(execution.stderr(), most, execution);
      Thread reader = Thread.ofVirtual().start(stderr);
      var stdout = new Drain(execution.stdout(), most, execution);
      stdout.run();
      int exitCode = await(execution, stdout, stderr, machine);
      join(reader);
      refuseOverflow(stdout, stderr, machine);
      byte[] err = stderr.bytes();
      if (exitCode >= 126 && exitCode <= 127 && err.length == 0) {
        err = (execution.message() + "\n").getBytes(StandardCharsets.UTF_8);
      }
      return new ExecResult(exitCode, stdout.bytes(), err);
    }
  }

  private static int await(Execution execution, Drain stdout, Drain stderr, String machine) {
    try {
      return execution.await();
    } catch (MachineException e) {
      refuseOverflow(stdout, stderr, machine);
      throw e;
    }
  }

  private static void refuseOverflow(Drain stdout, Drain stderr, String machine) {
    if (stdout.overflowed || stderr.overflowed) {
      throw new MachineException(
          ErrorCode.GUEST,
          "keep what a command in machine '" + machine + "' writes",
          "it wrote more than "
              + stdout.most
              + " bytes to standard "
              + (stdout.overflowed ? "output" : "error")
              + ", and was ended; have it write to a file, or read it as a stream");
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
    private final int most;
    private final Execution execution;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private volatile boolean overflowed;

    Drain(InputStream from, int most, Execution execution) {
      this.from = from;
      this.most = most;
      this.execution = execution;
    }

    @Override
    public void run() {
      byte[] piece = new byte[PIECE];
      try {
        for (int read = from.read(piece); read >= 0; read = from.read(piece)) {
          if (read > most - bytes.size()) {
            overflowed = true;
            execution.close();
            return;
          }
          bytes.write(piece, 0, read);
        }
      } catch (IOException e) {
        // The channel is lost; await() throws with the reason.
      }
    }

    byte[] bytes() {
      return bytes.toByteArray();
    }
  }
}
