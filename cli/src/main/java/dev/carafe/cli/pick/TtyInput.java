package dev.carafe.cli.pick;

import java.io.IOException;
import java.io.InputStream;

/**
 * What is typed at a terminal of which a read comes back without a byte when a tenth of a second
 * has brought none. So no thread waits in a read, and none is left there afterwards: it would take
 * the first key of whoever reads the terminal next.
 */
final class TtyInput {
  private final InputStream terminal;
  private final byte[] buffer = new byte[256];
  private int position;
  private int limit;

  TtyInput(InputStream terminal) {
    this.terminal = terminal;
  }

  /**
   * The next byte, from 0 to 255; -1 when none has come for a tenth of a second.
   *
   * @throws IOException if the terminal has gone
   */
  int read() throws IOException {
    if (position == limit) {
      position = 0;
      limit = Math.max(0, terminal.read(buffer));
      if (limit == 0) {
        // A terminal that has gone says the same as one at which nothing is typed, until asked.
        terminal.available();
        return -1;
      }
    }
    return buffer[position++] & 0xff;
  }
}
