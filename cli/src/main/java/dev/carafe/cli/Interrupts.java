package dev.carafe.cli;

import dev.carafe.machine.Execution;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;

/**
 * What SIGINT, SIGTERM and SIGHUP do while a guest's command is prepared, runs, and is cleaned up
 * after. Made on the thread that does the work.
 *
 * <ul>
 *   <li>Before the command runs: the working thread is interrupted, so that it undoes what it did.
 *       A second signal, or a minute without an end, end this process.
 *   <li>While it runs without a terminal: the signal is passed on to it; it may take it as it
 *       likes. A second one ends the command.
 *   <li>While it runs on a terminal: the command is ended (Ctrl-C is a byte there, no signal).
 *   <li>When the command was to be ended and has not: one more ends this process.
 *   <li>During the clean-up: nothing, so that nothing is left.
 * </ul>
 *
 * <p>The same signal again within half a second is the first one once more: {@code timeout} sends
 * it to the process and then to its group, a terminal that goes away does alike.
 */
final class Interrupts {
  private static final long PATIENCE_MILLIS = 60_000;
  private static final long ECHO_NANOS = 500_000_000;

  private final Signals signals;
  private final Thread worker = Thread.currentThread();
  private boolean installed;
  private Execution execution;
  private boolean terminal;
  private int first;
  private long firstAt;
  private boolean cleaning;
  private OptionalInt exitCode = OptionalInt.empty();

  Interrupts(Signals signals) {
    this.signals = signals;
  }

  /** From now on signals come here. Idempotent. */
  void install() {
    if (!installed) {
      installed = true;
      for (int signal : new int[] {Signals.HANGUP, Signals.INTERRUPT, Signals.TERMINATE}) {
        signals.handle(signal, () -> raised(signal));
      }
      beginNothingInAnEndingProcess();
    }
  }

  /** A signal that came before this may have begun to end the process, which takes a while. */
  private static void beginNothingInAnEndingProcess() {
    Thread hook = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      while (true) {
        LockSupport.park();
      }
    }
  }

  /** The command runs from now on. */
  synchronized void attach(Execution running, boolean onTerminal) {
    execution = running;
    terminal = onTerminal;
    if (exitCode.isPresent()) {
      running.close();
    }
  }

  /** The work is over, or given up: from now on signals do nothing. */
  synchronized void clean() {
    cleaning = true;
    execution = null;
    // Whatever was to be interrupted is over; the clean-up must not be.
    Thread.interrupted();
    notifyAll();
  }

  /** The process's exit code, when a signal ended the work; empty when it was only passed on. */
  synchronized OptionalInt exitCode() {
    return exitCode;
  }

  /** The terminal has gone away without a signal. */
  void hangUp() {
    raised(Signals.HANGUP);
  }

  private void raised(int signal) {
    Execution target;
    boolean again;
    boolean ending;
    synchronized (this) {
      if (cleaning) {
        return;
      }
      again = first != 0;
      if (again && signal == first && signals.nanos() - firstAt < ECHO_NANOS) {
        return;
      }
      if (!again) {
        first = signal;
        firstAt = signals.nanos();
      }
      target = execution;
      ending = target != null && exitCode.isPresent();
      if (target == null || terminal || again) {
        exitCode = OptionalInt.of(ExitCode.ofSignal(signal));
      }
      if (target == null && !again) {
        worker.interrupt();
      }
    }
    if (target == null) {
      if (again || !cleansSoon()) {
        signals.die(ExitCode.ofSignal(signal));
      }
    } else if (ending) {
      // The guest that was told so does not answer.
      signals.die(ExitCode.ofSignal(signal));
    } else if (terminal || again) {
      target.close();
    } else {
      target.signal(signal);
    }
  }

  /** Waits until the worker has noticed. Runs on the signal's own thread. */
  private synchronized boolean cleansSoon() {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    try {
      while (!cleaning && execution == null) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return false;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      return false;
    }
    return true;
  }
}
