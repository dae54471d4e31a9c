package dev.carafe.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The three standard streams of this process. Text goes out as UTF-8, whole lines at once and
 * unbuffered, whatever the locale, and without control characters but line feeds and tabs: names
 * and values that others have chosen do not steer a terminal. What a command in a machine writes
 * does not come this way. Safe for use by many threads.
 *
 * @param in standard input, unbuffered
 */
record Console(InputStream in, OutputStream out, OutputStream err) {

  Console {
    in = new StandardInput(in);
  }

  /** Who still waits for standard input waits in vain: what comes is for whoever reads next. */
  void giveBack() {
    ((StandardInput) in).giveBack();
  }

  /** Nobody reads our standard output any more. */
  static final class OutputClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutputClosedException(IOException cause) {
      super("cannot write to standard output: " + cause.getMessage(), cause);
    }
  }

  /** Writes a line to standard output. */
  void line(String text) {
    print(text + "\n");
  }

  /**
   * Writes a line to standard output, of which the middle is in a color.
   *
   * @param color the number that chooses it, ECMA-48 SGR
   */
  void colored(String before, String middle, int color, String after) {
    raw(
        Text.printable(before)
            + "\u001b["
            + color
            + "m"
            + Text.printable(middle)
            + "\u001b[0m"
            + Text.printable(after)
            + "\n");
  }

  /** Writes text to standard output. */
  void print(String text) {
    raw(Text.printable(text));
  }

  private void raw(String text) {
    try {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    } catch (IOException e) {
      throw new OutputClosedException(e);
    }
  }

  /** Writes a line to standard error; when that is closed there is nobody to tell. */
  void note(String text) {
    prompt(text + "\n");
  }

  /** Writes text to standard error. */
  void prompt(String text) {
    steer(Text.printable(text));
  }

  /** Writes to standard error what steers a terminal: nothing of it may come from outside. */
  void steer(String text) {
    try {
      err.write(text.getBytes(StandardCharsets.UTF_8));
      err.flush();
    } catch (IOException e) {
      // Standard error is gone: the exit code still says what happened.
    }
  }

  /** Asks a question that {@code --yes} answers: {@link #confirm(String, String)}. */
  boolean confirm(String question) {
    return confirm(question, "--yes");
  }

  /**
   * Asks a question on standard error and reads a line. Where there is nobody to answer, it is said
   * what does without the question.
   *
   * @param unasked the option with which it is not asked; empty: nothing is said of one
   * @return true for {@code y} or {@code yes}; end of file is no
   */
  boolean confirm(String question, String unasked) {
    String word = answer(question, unasked);
    return word.equalsIgnoreCase("y") || word.equalsIgnoreCase("yes");
  }

  /** Asks a question with answers of its own; empty when nothing is said. */
  String ask(String question) {
    return answer(question, "");
  }

  private String answer(String question, String unasked) {
    prompt(question);
    StringBuilder answer = new StringBuilder();
    try {
      // Byte by byte: what follows the line belongs to somebody else. An answer has a few letters.
      int c = in.read();
      for (; c >= 0 && c != '\n'; c = in.read()) {
        if (answer.length() < 16) {
          answer.append((char) c);
        }
      }
      if (c < 0 && answer.isEmpty() && !unasked.isEmpty()) {
        note("\nNobody answers here; " + unasked + " does it without asking.");
      }
    } catch (IOException e) {
      // As if there were no more of it.
    }
    return answer.toString().strip();
  }
}
