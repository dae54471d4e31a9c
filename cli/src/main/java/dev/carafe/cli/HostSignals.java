package dev.carafe.cli;

import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The signals of the operating system. */
final class HostSignals implements Signals {

  @Override
  public void handle(int signal, Runnable handler) {
    Signal which = new Signal(name(signal));
    SignalHandler before = Signal.handle(which, received -> handler.run());
    if (SignalHandler.SIG_IGN.equals(before)) {
      Signal.handle(which, before);
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
