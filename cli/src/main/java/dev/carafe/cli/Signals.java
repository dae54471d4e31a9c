package dev.carafe.cli;

/** Signals this process receives. */
interface Signals {
  int HANGUP = 1;
  int INTERRUPT = 2;
  int TERMINATE = 15;
  int WINDOW_CHANGED = 28;

  /**
   * Calls {@code handler}, on a thread of its own, each time the signal comes, instead of what it
   * did until now. A signal that this process was told to ignore (as by {@code nohup}) stays
   * ignored.
   */
  void handle(int signal, Runnable handler);

  /** Now, in nanoseconds, by a clock that only goes forward. */
  long nanos();

  /** Ends this process at once; only shutdown hooks still run. */
  void die(int exitCode);
}
