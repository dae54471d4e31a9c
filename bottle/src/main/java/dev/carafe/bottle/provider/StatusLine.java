package dev.carafe.bottle.provider;

import java.util.Optional;

/** A shell command that prints a bottle's label in its colour. */
final class StatusLine {
  private static final int MOST = 64;

  private StatusLine() {}

  /** Of the label only what can be seen is printed, and nothing of it is read by the shell. */
  static String script(String label, Optional<Color> color) {
    StringBuilder shown = new StringBuilder();
    label
        .codePoints()
        .filter(c -> !Character.isISOControl(c) && Character.getType(c) != Character.FORMAT)
        .limit(MOST)
        .forEach(shown::appendCodePoint);
    String quoted = "'" + shown.toString().replace("'", "'\\''") + "'";
    return color
        .map(c -> "printf '\\033[1;" + c.code() + "m%s\\033[0m' " + quoted)
        .orElse("printf %s " + quoted);
  }
}
