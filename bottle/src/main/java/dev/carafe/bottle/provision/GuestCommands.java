package dev.carafe.bottle.provision;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Short shell scripts in a guest. Whatever the guest does, they end within a limit, and little of
 * what it writes is kept.
 */
final class GuestCommands {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** Beyond the limit that the guest itself is told. */
  private static final Duration GRACE = Duration.ofSeconds(20);

  private static final int MOST_OUTPUT = 16 * 1024;
  private static final int MOST_WORDS = 300;

  private GuestCommands() {}

  /**
   * Runs a script to its end.
   *
   * @param user who runs it
   * @param attempted what it is for, as a verb phrase
   * @param arguments the script's {@code $1} and so on; seen by everybody in the guest
   * @throws MachineException GUEST when its exit code is not 0, with its words
   */
  static void run(
      Machine machine, String user, String attempted, String script, List<String> arguments) {
    ExecResult result = ask(machine, user, script, arguments);
    if (result.exitCode() != 0) {
      throw new MachineException(ErrorCode.GUEST, attempted, said(result));
    }
  }

  /**
   * Runs a script to its end, and says what came of it.
   *
   * @return the beginning of what it wrote
   * @throws MachineException GUEST when it does not end
   */
  static ExecResult ask(Machine machine, String user, String script, List<String> arguments) {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
    argv.addAll(arguments);
    ExecSpec spec = ExecSpec.of(argv).withUser(user).withDirectory("/").withTimeout(LIMIT);
    try (Execution execution = machine.exec(spec)) {
      Drain out = Drain.of(execution.stdout());
      Drain err = Drain.of(execution.stderr());
      int exitCode =
          execution
              .await(LIMIT.plus(GRACE))
              .orElseThrow(
                  () ->
                      new MachineException(
                          ErrorCode.GUEST,
                          "run a command in machine '" + machine.name() + "'",
                          "it does not end"));
      return new ExecResult(exitCode, out.bytes(), err.bytes());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(
          ErrorCode.LOST, "run a command in machine '" + machine.name() + "'", "interrupted", e);
    }
  }

  /** The end of what a command wrote to standard error, fit for a message. */
  static String said(ExecResult result) {
    String words = Shown.text(result.err().strip());
    return "exit code "
        + result.exitCode()
        + (words.isEmpty() ? "" : ": " + words.substring(Math.max(0, words.length() - MOST_WORDS)));
  }

  /** Reads a stream to its end, and keeps its beginning. */
  private static final class Drain implements Runnable {
    private final InputStream from;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private Thread thread;

    private Drain(InputStream from) {
      this.from = from;
    }

    static Drain of(InputStream from) {
      Drain drain = new Drain(from);
      drain.thread = Thread.ofVirtual().start(drain);
      return drain;
    }

    @Override
    public void run() {
      byte[] buffer = new byte[4096];
      try {
        for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
          synchronized (kept) {
            kept.write(buffer, 0, Math.min(read, MOST_OUTPUT - kept.size()));
          }
        }
      } catch (IOException e) {
        // The channel is lost, and the wait for the command says so.
      }
    }

    /** What was kept when the stream has ended, or soon after the command has. */
    byte[] bytes() throws InterruptedException {
      thread.join(GRACE);
      synchronized (kept) {
        return kept.toByteArray();
      }
    }
  }
}
