package dev.carafe.machine;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Where a command's milliseconds go: when {@code CARAFE_TRACE} is set, each step is a line on
 * standard error, with the time since the launcher began (it puts that moment into the variable) or
 * else since the first step. Costs nothing otherwise.
 */
public final class Trace {
  private static final String SINCE = System.getenv("CARAFE_TRACE");
  private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);
  private static long zero;

  private Trace() {}

  /** The step that has just been done. */
  public static void step(String done) {
    if (SINCE != null) {
      print(done);
    }
  }

  private static synchronized void print(String done) {
    // Nothing that costs a start much, such as a formatter, or it would show in the times.
    long now = System.currentTimeMillis();
    if (zero == 0) {
      // Shorter: somebody just said 1.
      zero = SINCE.length() == 13 ? Long.parseLong(SINCE) : now;
    }
    String line = "carafe: " + (now - zero) + " ms: " + done + "\n";
    try {
      ERR.write(line.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // Nobody looks.
    }
  }
}
