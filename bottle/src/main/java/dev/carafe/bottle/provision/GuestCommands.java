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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Short shell scripts in a guest. Whatever the guest does, they end within a limit, and little of
 * what it writes is kept.
 */
public final class GuestCommands {
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
  public static void run(
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
  public static ExecResult ask(
      Machine machine, String user, String script, List<String> arguments) {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
    argv.addAll(arguments);
    return ask(machine, ExecSpec.of(argv).withUser(user).withDirectory("/"), LIMIT, false);
  }

  /**
   * Runs a command that may take long and say much.
   *
   * @param limit after which it is killed
   * @return the end of what it wrote
   * @throws MachineException GUEST when it does not end
   */
  public static ExecResult work(Machine machine, ExecSpec spec, Duration limit) {
    return ask(machine, spec, limit, true);
  }

  private static ExecResult ask(Machine machine, ExecSpec spec, Duration limit, boolean end) {
    try (Execution execution = machine.exec(spec.withTimeout(limit))) {
      Drain out = Drain.of(execution.stdout(), end);
      Drain err = Drain.of(execution.stderr(), end);
      int exitCode =
          execution
              .await(limit.plus(GRACE))
              .orElseThrow(
                  () ->
                      new MachineException(
                          ErrorCode.GUEST,
                          "run a command in machine '" + machine.name() + "'",
                          "it does not end"));
      byte[] said = err.bytes();
      if (exitCode >= 126 && exitCode <= 127 && said.length == 0) {
        said = execution.message().getBytes(StandardCharsets.UTF_8);
      }
      return new ExecResult(exitCode, out.bytes(), said);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(
          ErrorCode.LOST, "run a command in machine '" + machine.name() + "'", "interrupted", e);
    }
  }

  /** The end of what a command wrote to standard error, fit for a message. */
  public static String said(ExecResult result) {
    String words = Shown.text(result.err().strip());
    return "exit code "
        + result.exitCode()
        + (words.isEmpty() ? "" : ": " + words.substring(Math.max(0, words.length() - MOST_WORDS)));
  }

  /** Reads a stream to its end, and keeps its beginning or its end. */
  private static final class Drain implements Runnable {
    private final InputStream from;
    private final boolean end;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private Thread thread;

    private Drain(InputStream from, boolean end) {
      this.from = from;
      this.end = end;
    }

    static Drain of(InputStream from, boolean end) {
      Drain drain = new Drain(from, end);
      drain.thread = Thread.ofVirtual().start(drain);
      return drain;
    }

    @Override
    public void run() {
      byte[] buffer = new byte[4096];
      try {
        for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
          keep(buffer, read);
        }
      } catch (IOException e) {
        // The channel is lost, and the wait for the command says so.
      }
    }

    private void keep(byte[] buffer, int count) {
      synchronized (kept) {
        if (end && kept.size() + count > 2 * MOST_OUTPUT) {
          byte[] all = kept.toByteArray();
          kept.reset();
          kept.write(all, all.length - MOST_OUTPUT, MOST_OUTPUT);
        }
        kept.write(buffer, 0, end ? count : Math.min(count, MOST_OUTPUT - kept.size()));
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
