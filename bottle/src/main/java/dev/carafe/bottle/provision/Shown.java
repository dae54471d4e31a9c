package dev.carafe.bottle.provision;

import java.nio.file.Path;

/** Text of a guest's, fit to be shown: what would steer a terminal, or mislead a reader, is not. */
final class Shown {
  private Shown() {}

  /** A file's name. */
  static String path(Path path) {
    return text(path.toString());
  }

  /**
   * Text on one line: control characters, line ends, and marks that change the direction of text
   * become {@code ?}.
   */
  static String text(String text) {
    if (text.chars().noneMatch(Shown::hidden)) {
      return text;
    }
    StringBuilder shown = new StringBuilder(text.length());
    text.codePoints().forEach(c -> shown.appendCodePoint(hidden(c) ? '?' : c));
    return shown.toString();
  }

  /** Whether a character is not one that stands for itself. */
  static boolean hidden(int c) {
    int type = Character.getType(c);
    return type == Character.CONTROL
        || type == Character.FORMAT
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || type == Character.SURROGATE;
  }
}
