package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.TerminalSize;
import dev.carafe.machine.Trace;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Runs one command in a guest, attached to this process's standard streams, terminal and signals,
 * to its end. The streams are carried byte for byte, each by a thread of its own, as data comes.
 */
final class Session {
  private static final int BUFFER = 64 * 1024;

  /** What a pseudo-terminal has when there is no terminal on our side to ask. */
  static final TerminalSize NO_TERMINAL = new TerminalSize(24, 80);

  private final Context context;
  private final Interrupts interrupts;
  private Execution execution;
  private boolean sizeChanged;
  private volatile boolean raw;
  private String message = "";

  Session(Context context, Interrupts interrupts) {
    this.context = context;
    this.interrupts = interrupts;
  }

  /**
   * Runs the command.
   *
   * @param terminal whether it gets a pseudo-terminal; its size is ours, if we have one
   * @return the process's exit code
   */
  int run(Machine machine, ExecSpec spec, boolean terminal) {
    int exitCode = terminal ? onTerminal(machine, spec) : attached(machine, spec);
    context.console().giveBack();
    // Only now, because the terminal is no longer raw.
    if (!message.isEmpty()
        && (exitCode == ExitCode.NOT_EXECUTABLE || exitCode == ExitCode.NO_SUCH_PROGRAM)) {
      context.console().note(message);
    }
    return exitCode;
  }

  private int onTerminal(Machine machine, ExecSpec spec) {
    Terminal terminal = context.terminal();
    if (!terminal.input()) {
      return attached(machine, spec.withTerminal(NO_TERMINAL));
    }
    // The handler comes first, so that a change between asking and starting is not missed.
    context.signals().handle(Signals.WINDOW_CHANGED, this::sizeChanged);
    TerminalSize size = terminal.size().orElse(NO_TERMINAL);
    try (Terminal.Raw _ = terminal.raw()) {
      raw = true;
      return attached(machine, spec.withTerminal(size));
    } finally {
      raw = false;
    }
  }

  /** One at a time: the last answer of the terminal is the last one sent. */
  private synchronized void sizeChanged() {
    sizeChanged = true;
    if (execution != null) {
      context.terminal().size().ifPresent(size -> execution.resize(size.rows(), size.columns()));
    }
  }

  private synchronized void began(Execution running) {
    execution = running;
    if (sizeChanged) {
      sizeChanged();
    }
  }

  private int attached(Machine machine, ExecSpec spec) {
    boolean terminal = spec.terminal().isPresent();
    try (Execution running = exec(machine, spec)) {
      interrupts.install();
      interrupts.attach(running, terminal);
      began(running);
      if (spec.input()) {
        daemon("stdin", () -> input(running));
      }
      Thread errors = daemon("stderr", () -> drain(running.stderr(), context.console().err()));
      if (!output(running.stdout())) {
        return interrupts.exitCode().orElse(ExitCode.OUTPUT_CLOSED);
      }
      errors.join();
      int exitCode = running.await();
      Trace.step("the command has exited");
      message = running.message();
      return interrupts.exitCode().orElse(exitCode);
    } catch (MachineException e) {
      if (interrupts.exitCode().isPresent()) {
        return interrupts.exitCode().getAsInt();
      }
      if (e.code() == ErrorCode.LOST) {
        boolean interactive = terminal || spec.input();
        throw new FailureException(
            Failures.sentence(e), interactive ? ExitCode.TIMED_OUT : ExitCode.LOST, e);
      }
      throw e;
    } catch (InterruptedException e) {
      return interrupts.exitCode().orElse(ExitCode.FAILED);
    }
  }

  private Execution exec(Machine machine, ExecSpec spec) {
    try {
      return machine.exec(spec);
    } catch (MachineException e) {
      throw context.explained(machine, e);
    }
  }

  /** Carries standard output to its end; false when nobody reads ours any more. */
  private boolean output(InputStream from) {
    byte[] buffer = new byte[BUFFER];
    OutputStream to = context.console().out();
    while (true) {
      int length = read(from, buffer);
      if (length < 0) {
        return true;
      }
      try {
        to.write(buffer, 0, length);
        to.flush();
      } catch (IOException e) {
        if (context.terminal().outputHasReader()) {
          return false;
        }
        throw new Console.OutputClosedException(e);
      }
    }
  }

  /** Carries a stream to its end; what nobody reads is dropped. */
  private static void drain(InputStream from, OutputStream to) {
    byte[] buffer = new byte[BUFFER];
    boolean open = true;
    for (int length = read(from, buffer); length >= 0; length = read(from, buffer)) {
      try {
        if (open) {
          to.write(buffer, 0, length);
          to.flush();
        }
      } catch (IOException e) {
        open = false;
      }
    }
  }

  /** Reads what is there; a stream that breaks off ends, and {@code await} says why. */
  private static int read(InputStream from, byte[] buffer) {
    try {
      return from.read(buffer);
    } catch (IOException e) {
      return -1;
    }
  }

  /** Carries our standard input to the command until it ends, or the command takes no more. */
  private void input(Execution running) {
    byte[] buffer = new byte[BUFFER];
    InputStream from = context.console().in();
    try (OutputStream to = running.stdin()) {
      for (int length = read(from, buffer); length >= 0; length = read(from, buffer)) {
        to.write(buffer, 0, length);
        to.flush();
      }
      if (raw) {
        // Ctrl-D is a byte there: only a terminal that has gone ends. Not everybody is told so by a
        // signal; who came by way of another user's shell is not.
        interrupts.hangUp();
      }
    } catch (IOException e) {
      // The command has closed its input or ended: what it does not read stays unread.
    }
  }

  private static Thread daemon(String name, Runnable work) {
    // A platform thread: the first virtual one costs a scheduler. A daemon: it may hang in a read.
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
