package dev.carafe.cli.pick;

import dev.carafe.machine.TerminalSize;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jline.utils.AttributedString;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * The terminal that controls this process, whatever its standard streams are: every key is a byte,
 * nothing is echoed, Ctrl-C is no signal, lines are drawn in place. It is as it was when this is
 * closed, and at the latest when the process ends, however it ends short of SIGKILL.
 *
 * <p>The cursor is hidden, and rests at the beginning of what is drawn: there a terminal leaves it
 * when it is resized, whether it breaks long lines anew or not, so that the next drawing covers the
 * last one.
 */
final class Tty implements AutoCloseable {
  private static final File DEVICE = new File("/dev/tty");

  /** Of a terminal that does not know its own. */
  private static final TerminalSize USUAL = new TerminalSize(24, 80);

  private static final String ERASE = "\r\u001b[J";

  /**
   * The cursor goes, and a line that is wider than was thought is cut by the terminal, because it
   * and we may not agree how wide a character is.
   */
  private static final String BEGIN = "\u001b[?25l\u001b[?7l";

  private static final String END = "\u001b[?7h\u001b[?25h";
  private static final int COLORS = 8;

  private final InputStream in;
  private final OutputStream out;
  private final Keys keys;
  private final Thread hook = new Thread(this::end, "restore-terminal");
  private final String before;
  private SignalHandler resizedBefore = SignalHandler.SIG_DFL;
  private volatile boolean resized;
  private boolean closed;

  private Tty(InputStream in, OutputStream out, String before) {
    this.in = in;
    this.out = out;
    this.before = before;
    this.keys = new Keys(new TtyInput(in));
  }

  /**
   * Opens it.
   *
   * @throws IOException if this process has none, or it cannot be controlled
   */
  static Tty open() throws IOException {
    InputStream in = new FileInputStream(DEVICE);
    OutputStream out = null;
    try {
      out = new FileOutputStream(DEVICE);
      Tty tty = new Tty(in, out, stty("-g"));
      tty.begin();
      return tty;
    } catch (IOException | RuntimeException e) {
      in.close();
      if (out != null) {
        out.close();
      }
      throw e;
    }
  }

  private void begin() throws IOException {
    // Before the mode changes, so that there is no moment in which a signal leaves it changed.
    Runtime.getRuntime().addShutdownHook(hook);
    resizedBefore = Signal.handle(new Signal("WINCH"), signal -> resized = true);
    try {
      stty("raw", "-echo", "min", "0", "time", "1");
      write(BEGIN);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** What is pressed at it. */
  Keys keys() {
    return keys;
  }

  /** Whether the size has changed since this was last asked. */
  boolean resized() {
    boolean was = resized;
    resized = false;
    return was;
  }

  TerminalSize size() throws IOException {
    String said = stty("size");
    int space = said.indexOf(' ');
    try {
      int rows = Integer.parseInt(said.substring(0, Math.max(space, 0)));
      int columns = Integer.parseInt(said.substring(space + 1));
      return rows > 0 && columns > 0 ? new TerminalSize(rows, columns) : USUAL;
    } catch (NumberFormatException e) {
      return USUAL;
    }
  }

  /** Shows these lines instead of those before; they are not more than there are rows. */
  void draw(List<AttributedString> lines) throws IOException {
    // Erased before, not after: a line that fills the terminal leaves the cursor on its last
    // column.
    StringBuilder text = new StringBuilder(ERASE);
    for (int i = 0; i < lines.size(); i++) {
      text.append(i > 0 ? "\r\n" : "").append(ansi(lines.get(i)));
    }
    text.append('\r');
    if (lines.size() > 1) {
      text.append("\u001b[").append(lines.size() - 1).append('A');
    }
    write(text.toString());
  }

  /** Takes away what was drawn. */
  void erase() throws IOException {
    write(ERASE);
  }

  /** Writes a line that stays, instead of what was drawn. */
  void leave(AttributedString line) throws IOException {
    write(ERASE + ansi(line) + "\r\n");
  }

  private static String ansi(AttributedString line) {
    return line.toAnsi(COLORS, AttributedString.ForceMode.None);
  }

  private synchronized void write(String text) throws IOException {
    if (!closed) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void close() throws IOException {
    end();
    Signal.handle(new Signal("WINCH"), resizedBefore);
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // This process is ending: the hook runs, and finds nothing to do.
    }
    in.close();
    out.close();
  }

  /** Leaves the terminal as it was, without what was drawn. Nothing is drawn any more. */
  private synchronized void end() {
    if (closed) {
      return;
    }
    try {
      write(ERASE + END);
    } catch (IOException e) {
      // The terminal is gone, as after a hang-up: nothing is left to erase.
    }
    closed = true;
    try {
      stty(before);
    } catch (IOException e) {
      // Nor to restore.
    }
  }

  /** Runs {@code stty} on the terminal and returns what it says. */
  private static String stty(String... arguments) throws IOException {
    String[] argv = new String[arguments.length + 1];
    argv[0] = "stty";
    System.arraycopy(arguments, 0, argv, 1, arguments.length);
    // Whoever interrupts this thread wants the terminal restored all the more.
    boolean interrupted = Thread.interrupted();
    try {
      Process process =
          new ProcessBuilder(argv)
              .redirectInput(DEVICE)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      int exitCode = process.waitFor();
      if (exitCode != 0) {
        throw new IOException("stty " + arguments[0] + " exited with " + exitCode);
      }
      return said;
    } catch (InterruptedException e) {
      interrupted = true;
      throw new IOException("interrupted", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
