package dev.carafe.cli.pick;

import dev.carafe.cli.pick.Key.Kind;
import java.util.List;
import org.jline.utils.AttributedString;

/**
 * A line of text. What is pre-filled is marked and goes with the first character typed; a key that
 * moves keeps it. Enter takes the line; Escape, Ctrl-C and Ctrl-D cancel. A secret is not shown,
 * nor how long it is, only whether there is anything.
 *
 * <p>A line that is too long is not cut and taken: Enter does nothing until Ctrl-U clears it.
 */
final class TextLine implements Question<String> {
  private static final int LONGEST_TEXT = 1_000;
  private static final int LONGEST_SECRET = 65_536;
  private static final String NOT_SHOWN = "(not shown)";

  private final String words;
  private final boolean secret;
  private final StringBuilder text;
  private int cursor;
  private boolean untouched;
  private boolean tooLong;

  private TextLine(String words, boolean secret, String prefilled) {
    this.words = words;
    this.secret = secret;
    this.text = new StringBuilder(prefilled);
    this.cursor = text.length();
    this.untouched = !prefilled.isEmpty();
    this.tooLong = text.length() > longest();
  }

  static TextLine text(String words, String prefilled) {
    return new TextLine(words, false, prefilled);
  }

  static TextLine secret(String words) {
    return new TextLine(words, true, "");
  }

  @Override
  public String words() {
    return words;
  }

  @Override
  public List<AttributedString> lines(int columns, int rows) {
    Row row = new Row(columns).add(words, Row.BOLD).add(" ", Row.PLAIN);
    if (tooLong) {
      row.add("more than " + longest() + " characters: Ctrl-U clears them", Row.PLAIN);
    } else if (secret) {
      row.add(text.isEmpty() ? "" : NOT_SHOWN, Row.FAINT).add(" ", Row.INVERSE);
    } else if (untouched) {
      row.add(text.toString(), Row.INVERSE);
    } else {
      typed(row);
    }
    return List.of(row.done());
  }

  /** The text around the cursor, as far as there is room. */
  private void typed(Row row) {
    String before = Row.end(text.substring(0, cursor), row.room() - 3);
    int next = cursor < text.length() ? text.offsetByCodePoints(cursor, 1) : cursor;
    row.add(before, Row.PLAIN);
    row.add(next > cursor ? text.substring(cursor, next) : " ", Row.INVERSE);
    row.add(text.substring(next), Row.PLAIN);
  }

  @Override
  public Step<String> press(Key key) {
    switch (key.kind()) {
      case ESCAPE, INTERRUPT, END_OF_INPUT -> {
        return new Cancelled<>();
      }
      case ENTER -> {
        if (!tooLong) {
          return new Answered<>(text.toString(), secret ? NOT_SHOWN : text.toString());
        }
      }
      case OTHER, UP, DOWN, PAGE_UP, PAGE_DOWN -> {}
      default -> edit(key);
    }
    return new Asking<>();
  }

  private void edit(Key key) {
    boolean replaces = untouched && (key.kind() == Kind.CHARACTER || key.kind() == Kind.BACKSPACE);
    untouched = false;
    if (replaces || key.kind() == Kind.CLEAR) {
      text.setLength(0);
      cursor = 0;
      tooLong = false;
      if (key.kind() != Kind.CHARACTER) {
        return;
      }
    }
    switch (key.kind()) {
      case CHARACTER -> insert(key.character());
      case BACKSPACE -> {
        int end = cursor;
        step(-1);
        text.delete(cursor, end);
      }
      case DELETE -> {
        int start = cursor;
        step(1);
        text.delete(start, cursor);
        cursor = start;
      }
      case LEFT -> step(-1);
      case RIGHT -> step(1);
      case HOME -> cursor = 0;
      case END -> cursor = text.length();
      default -> {}
    }
  }

  private void insert(int character) {
    if (text.length() >= longest()) {
      tooLong = true;
      return;
    }
    text.insert(cursor, Character.toString(character));
    step(1);
  }

  private void step(int by) {
    if (by < 0 ? cursor > 0 : cursor < text.length()) {
      cursor = text.offsetByCodePoints(cursor, by);
    }
  }

  private int longest() {
    return secret ? LONGEST_SECRET : LONGEST_TEXT;
  }
}
