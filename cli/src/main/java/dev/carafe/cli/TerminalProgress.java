package dev.carafe.cli;

import dev.carafe.image.Progress;
import java.util.function.LongSupplier;

/**
 * Shows progress on standard error: on a terminal one line that is drawn over and over, and is gone
 * when the work is done; elsewhere a plain line per step. Safe for use by many threads.
 */
final class TerminalProgress implements Progress, AutoCloseable {
  private static final long BETWEEN_DRAWINGS_NANOS = 100_000_000;
  private static final String SPINNER = "|/-\\";

  private final Console console;
  private final boolean terminal;
  private final boolean quiet;
  private final LongSupplier nanos;

  private String step = "";
  private long drawnAt;
  private int turns;
  private boolean shown;

  TerminalProgress(Console console, boolean terminal, boolean quiet, LongSupplier nanos) {
    this.console = console;
    this.terminal = terminal;
    this.quiet = quiet;
    this.nanos = nanos;
  }

  @Override
  public synchronized void step(String what) {
    if (quiet) {
      return;
    }
    step = Text.shown(what);
    if (terminal) {
      draw("");
    } else {
      console.note(step + (step.endsWith(".") ? "" : "..."));
    }
  }

  @Override
  public synchronized void bytes(long done, long total) {
    if (quiet || !terminal || nanos.getAsLong() - drawnAt < BETWEEN_DRAWINGS_NANOS) {
      return;
    }
    draw(total > 0 ? Text.bytes(done) + " of " + Text.bytes(total) : Text.bytes(done));
  }

  private void draw(String amount) {
    drawnAt = nanos.getAsLong();
    shown = true;
    char mark = SPINNER.charAt(turns++ % SPINNER.length());
    // One character less than the narrowest usual terminal, so that the line never wraps.
    console.steer(
        "\r" + Text.printable(Text.cut(mark + " " + step + "  " + amount, 79)) + "\u001b[K");
  }

  /** Takes the line away, so that other output starts on a clean one. More may follow. */
  synchronized void clear() {
    if (shown) {
      console.steer("\r\u001b[K");
      shown = false;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
