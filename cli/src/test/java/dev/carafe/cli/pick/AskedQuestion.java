package dev.carafe.cli.pick;

import dev.carafe.cli.pick.Question.Asking;
import dev.carafe.cli.pick.Question.Step;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jline.utils.AttributedString;

/** A question without a terminal: bytes go in as a terminal would send them, lines come out. */
final class AskedQuestion<R> {
  static final String UP = "\033[A";
  static final String DOWN = "\033[B";
  static final String RIGHT = "\033[C";
  static final String LEFT = "\033[D";
  static final String ESCAPE = "\033";
  static final String ENTER = "\r";
  static final String BACKSPACE = "\177";
  static final String CTRL_C = "\003";
  static final String CTRL_D = "\004";
  static final String CTRL_U = "\025";

  private final Question<R> question;
  private Step<R> step = new Asking<>();

  AskedQuestion(Question<R> question) {
    this.question = question;
  }

  /** Keys, each of which comes by itself. */
  AskedQuestion<R> press(String... strokes) throws IOException {
    for (String stroke : strokes) {
      for (Key key : keys(stroke)) {
        step = question.press(key);
      }
    }
    return this;
  }

  Step<R> step() {
    return step;
  }

  /** What is shown on a usual terminal. */
  List<String> lines() {
    return lines(80, 24);
  }

  List<String> lines(int columns, int rows) {
    List<AttributedString> lines = question.lines(columns, rows);
    for (AttributedString line : lines) {
      if (Row.width(line.toString()) > columns) {
        throw new AssertionError("wider than " + columns + " columns: " + line);
      }
    }
    if (lines.isEmpty() || lines.size() > rows) {
      throw new AssertionError(lines.size() + " lines for " + rows + " rows");
    }
    return lines.stream().map(AttributedString::toString).toList();
  }

  /** The keys of bytes that come in one go, and are followed by none. */
  static List<Key> keys(String typed) throws IOException {
    return keys(typed.getBytes(StandardCharsets.UTF_8));
  }

  static List<Key> keys(byte[] typed) throws IOException {
    Keys keys = new Keys(new TtyInput(new FakeTerminal(typed)));
    List<Key> all = new ArrayList<>();
    for (Optional<Key> key = keys.next(); key.isPresent(); key = keys.next()) {
      all.add(key.get());
    }
    return all;
  }

  /** Has bytes once, and then says for ever that nothing was typed. */
  private static final class FakeTerminal extends InputStream {
    private byte[] typed;

    FakeTerminal(byte[] typed) {
      this.typed = typed;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] buffer) {
      int length = Math.min(buffer.length, typed.length);
      System.arraycopy(typed, 0, buffer, 0, length);
      typed = java.util.Arrays.copyOfRange(typed, length, typed.length);
      return length == 0 ? -1 : length;
    }

    @Override
    public int available() {
      return typed.length;
    }
  }
}
