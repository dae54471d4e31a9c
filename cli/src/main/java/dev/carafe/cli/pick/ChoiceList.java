package dev.carafe.cli.pick;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * A list in which one line is the current one. Typing keeps the choices whose name contains what
 * was typed, in any case; {@code j} and {@code k} move as long as nothing was typed, and {@code /}
 * begins with typing, so that names with those letters can be found. Moving goes round at the ends.
 */
final class ChoiceList<T> {
  /** More lines than this are scrolled, however high the terminal. */
  private static final int HIGHEST = 12;

  private static final int LONGEST_FILTER = 100;

  private final List<Choice<T>> choices;
  private final boolean lastLine;
  private final StringBuilder filter = new StringBuilder();
  private boolean typing;

  /** The choices that are there, by index, and which line is the current one. */
  private List<Integer> matching;

  private int current;

  /**
   * @param lastLine whether there is a line after the choices, which no filter takes away
   */
  ChoiceList(List<Choice<T>> choices, boolean lastLine) {
    this.choices = List.copyOf(choices);
    this.lastLine = lastLine;
    this.matching = match();
  }

  Choice<T> choice(int index) {
    return choices.get(index);
  }

  int size() {
    return choices.size();
  }

  String filter() {
    return filter.toString();
  }

  /** Whether letters are typed, and do not move. */
  boolean typing() {
    return typing;
  }

  /** How many choices the filter leaves. */
  int matches() {
    return matching.size();
  }

  /** The choice that is the current line, by index; empty at the last line or if none matches. */
  OptionalInt current() {
    return current < matching.size() ? OptionalInt.of(matching.get(current)) : OptionalInt.empty();
  }

  /** Whether the line after the choices is the current one. */
  boolean atLastLine() {
    return lastLine && current == matching.size();
  }

  /** Takes a key that moves or filters; others do nothing. */
  void press(Key key) {
    switch (key.kind()) {
      case UP -> move(-1);
      case DOWN -> move(1);
      case PAGE_UP -> current = Math.max(0, current - HIGHEST);
      case PAGE_DOWN -> current = Math.max(0, Math.min(lines() - 1, current + HIGHEST));
      case HOME -> current = 0;
      case END -> current = Math.max(0, lines() - 1);
      case BACKSPACE -> {
        if (!filter.isEmpty()) {
          filter.setLength(filter.offsetByCodePoints(filter.length(), -1));
        }
        filtered();
      }
      case CLEAR -> {
        filter.setLength(0);
        filtered();
      }
      case CHARACTER -> type(key);
      default -> {}
    }
  }

  private void type(Key key) {
    if (!typing && key.isCharacter('j')) {
      move(1);
    } else if (!typing && key.isCharacter('k')) {
      move(-1);
    } else if (!typing && key.isCharacter('/')) {
      typing = true;
    } else if (filter.length() < LONGEST_FILTER) {
      filter.appendCodePoint(key.character());
      filtered();
    }
  }

  private void filtered() {
    typing = !filter.isEmpty();
    matching = match();
    current = 0;
  }

  private void move(int by) {
    if (lines() > 0) {
      current = Math.floorMod(current + by, lines());
    }
  }

  private int lines() {
    return matching.size() + (lastLine ? 1 : 0);
  }

  private List<Integer> match() {
    String wanted = filter.toString().toLowerCase(Locale.ROOT);
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < choices.size(); i++) {
      if (choices.get(i).name().toLowerCase(Locale.ROOT).contains(wanted)) {
        found.add(i);
      }
    }
    return found;
  }

  /**
   * A line to show.
   *
   * @param choice by index; empty for the line after the choices
   */
  record Line(OptionalInt choice, boolean current) {}

  /**
   * The lines around the current one.
   *
   * @param height how many lines there is room for, at least 1
   */
  List<Line> window(int height) {
    int shown = Math.min(Math.min(height, HIGHEST), lines());
    int top = Math.max(0, Math.min(current - shown / 2, lines() - shown));
    List<Line> window = new ArrayList<>();
    for (int line = top; line < top + shown; line++) {
      OptionalInt choice =
          line < matching.size() ? OptionalInt.of(matching.get(line)) : OptionalInt.empty();
      window.add(new Line(choice, line == current));
    }
    return window;
  }
}
