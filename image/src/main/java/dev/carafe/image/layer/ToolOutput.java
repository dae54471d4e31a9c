package dev.carafe.image.layer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * Reads what a tool says on its standard error, on a thread of its own so that the tool never waits
 * for us, and keeps the last lines for a message.
 */
public final class ToolOutput {
  private static final int LINES = 12;
  private static final int LINE_CHARACTERS = 500;

  private final Deque<String> last = new ArrayDeque<>();
  private final Thread thread;

  /** Begins reading; {@code each} gets every line, on the reading thread. */
  public ToolOutput(InputStream said, Consumer<String> each) {
    thread = Thread.ofVirtual().start(() -> read(said, each));
  }

  private void read(InputStream said, Consumer<String> each) {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(said, StandardCharsets.UTF_8))) {
      StringBuilder line = new StringBuilder();
      for (int c = reader.read(); c >= 0; c = reader.read()) {
        if (c != '\n' && c != '\r') {
          if (line.length() < LINE_CHARACTERS) {
            line.append((char) c);
          }
        } else if (!line.isEmpty()) {
          keep(line.toString(), each);
          line.setLength(0);
        }
      }
      if (!line.isEmpty()) {
        keep(line.toString(), each);
      }
    } catch (IOException closed) {
      // The program was ended from here, which closes its streams: there is nothing more to hear.
    }
  }

  private void keep(String line, Consumer<String> each) {
    each.accept(line);
    synchronized (last) {
      last.addLast(line);
      if (last.size() > LINES) {
        last.removeFirst();
      }
    }
  }

  /** The last lines, once the tool has closed its standard error; joined by {@code "; "}. */
  public String end() throws InterruptedException {
    thread.join();
    synchronized (last) {
      return last.isEmpty() ? "it gave no reason" : String.join("; ", last);
    }
  }
}
