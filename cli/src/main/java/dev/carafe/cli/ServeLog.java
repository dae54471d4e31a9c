package dev.carafe.cli;

import java.time.temporal.ChronoUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * What the rooms log while a server runs, on standard error: the time, how grave it is, the words.
 */
final class ServeLog extends Handler {
  private final Console console;
  private final SimpleFormatter words = new SimpleFormatter();

  private ServeLog(Console console) {
    this.console = console;
  }

  /** From now on, everything that is logged from INFO up goes there, and nowhere else. */
  static void to(Console console) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.INFO);
    root.addHandler(new ServeLog(console));
  }

  @Override
  public void publish(LogRecord event) {
    if (isLoggable(event)) {
      String level =
          event.getLevel().intValue() >= Level.SEVERE.intValue()
              ? "error"
              : event.getLevel().intValue() >= Level.WARNING.intValue() ? "warning" : "info";
      console.note(
          event.getInstant().truncatedTo(ChronoUnit.SECONDS)
              + " "
              + level
              + ": "
              + words.formatMessage(event));
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
