package dev.carafe.cli.pick;

import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.WCWidth;

/**
 * A line of the screen, put together from left to right. It is never wider than the terminal: what
 * does not fit is cut, and an ellipsis says so if a column is left for it. Nothing in it steers the
 * terminal, whoever wrote the text: control and format characters (which hide, or turn the
 * direction of writing) are shown as {@code ?}.
 */
final class Row {
  static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
  static final AttributedStyle BOLD = AttributedStyle.DEFAULT.bold();
  static final AttributedStyle FAINT = AttributedStyle.DEFAULT.faint();
  static final AttributedStyle INVERSE = AttributedStyle.DEFAULT.inverse();

  private final AttributedStringBuilder text = new AttributedStringBuilder();
  private final int columns;
  private int used;
  private boolean cut;

  /**
   * @param columns how wide the terminal is, at least 1
   */
  Row(int columns) {
    this.columns = columns;
  }

  /** Adds text at the end, as far as there is room. */
  Row add(String more, AttributedStyle style) {
    if (cut) {
      return this;
    }
    text.style(style);
    cut = widerThan(more, columns - used);
    if (cut && used == columns) {
      return this;
    }
    int room = columns - used - (cut ? 1 : 0);
    for (int i = 0; i < more.length() && room >= 0; ) {
      int original = more.codePointAt(i);
      i += Character.charCount(original);
      int shown = shown(original);
      room -= width(shown);
      if (room >= 0) {
        text.append(Character.toString(shown));
        used += width(shown);
      }
    }
    if (cut) {
      text.append("…");
      used++;
    }
    return this;
  }

  /** Adds spaces up to that column, counted from 0. */
  Row to(int column) {
    return column > used ? add(" ".repeat(column - used), PLAIN) : this;
  }

  /** How many columns are left. */
  int room() {
    return columns - used;
  }

  AttributedString done() {
    return text.toAttributedString();
  }

  /** How many columns a text takes. */
  static int width(String text) {
    int width = 0;
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      width += width(shown(codePoint));
    }
    return width;
  }

  /** The end of a text, as much as fits; an ellipsis stands for what does not. */
  static String end(String text, int columns) {
    int start = text.length();
    int width = 0;
    while (start > 0) {
      int codePoint = text.codePointBefore(start);
      width += width(shown(codePoint));
      if (width > columns) {
        break;
      }
      start -= Character.charCount(codePoint);
    }
    return start == 0 ? text : "…" + text.substring(start);
  }

  /** Looks no further than it has to. */
  private static boolean widerThan(String text, int room) {
    int left = room;
    for (int i = 0; i < text.length() && left >= 0; ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      left -= width(shown(codePoint));
    }
    return left < 0;
  }

  private static int width(int codePoint) {
    return Math.max(0, WCWidth.wcwidth(codePoint));
  }

  private static int shown(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          '?';
      default -> codePoint;
    };
  }
}
