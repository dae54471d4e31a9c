package dev.carafe.cli;

import java.io.IOException;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The signals of the operating system. */
final class HostSignals implements Signals {
  private volatile int last;

  @Override
  public void handle(int signal, Runnable handler) {
    Signal which = new Signal(name(signal));
    SignalHandler before = Signal.handle(which, received -> received(signal, handler));
    if (SignalHandler.SIG_IGN.equals(before)) {
      Signal.handle(which, before);
    }
  }

  private void received(int signal, Runnable handler) {
    if (signal != WINDOW_CHANGED) {
      last = signal;
    }
    handler.run();
  }

  /**
   * Ends this process by the signal it received, if that is what the exit code says: a shell takes
   * a command that exits with 130 for one that has dealt with Ctrl-C, and goes on with its loop.
   * Returns when the exit code says something else. No hook runs.
   */
  void endBySignal(int exitCode) {
    int signal = last;
    if (signal == 0 || exitCode != ExitCode.ofSignal(signal)) {
      return;
    }
    String name = name(signal);
    Signal.handle(new Signal(name), SignalHandler.SIG_DFL);
    // By another process: Signal.raise refuses a signal that has no handler any more.
    String kill = "kill -" + name + " " + ProcessHandle.current().pid();
    try {
      new ProcessBuilder("sh", "-c", kill)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException | InterruptedException e) {
      // The exit code says it, then.
    }
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public void die(int exitCode) {
    // Runs the shutdown hooks, one of which restores the terminal.
    System.exit(exitCode);
  }

  private static String name(int signal) {
    return switch (signal) {
      case HANGUP -> "HUP";
      case INTERRUPT -> "INT";
      case TERMINATE -> "TERM";
      case WINDOW_CHANGED -> "WINCH";
      default -> throw new IllegalArgumentException("signal " + signal);
    };
  }
}
