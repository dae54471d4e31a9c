package dev.carafe.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Wording and layout of what people read. Without {@code String.format}, which is slow to load. */
final class Text {
  private Text() {}

  private static final int MOST_SHOWN = 200;

  /** Text from outside on one line: what {@link #printable} replaces, and line ends and tabs. */
  static String shown(String text) {
    boolean cut = text.length() > MOST_SHOWN;
    String printable = printable(cut ? text.substring(0, MOST_SHOWN) : text);
    String shown = printable.replace('\n', '?').replace('\t', '?');
    return cut ? shown + "…" : shown;
  }

  /**
   * Text of any length without what steers a terminal or misleads a reader: control characters but
   * line feeds and tabs, and marks that cannot be seen or turn the direction of text, become {@code
   * ?}.
   */
  static String printable(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (steers(text.charAt(i)) || Character.isHighSurrogate(text.charAt(i))) {
        StringBuilder printable = new StringBuilder(text.length()).append(text, 0, i);
        text.substring(i).codePoints().forEach(c -> printable.appendCodePoint(steers(c) ? '?' : c));
        return printable.toString();
      }
    }
    return text;
  }

  private static boolean steers(int c) {
    if (c >= ' ' && c < 0x7f || c == '\n' || c == '\t') {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  /** {@code text}, then spaces up to {@code width} characters. */
  static String padded(String text, int width) {
    return text.length() >= width ? text : text + " ".repeat(width - text.length());
  }

  /** At most {@code width} characters, the last three dots if some were cut. */
  static String cut(String text, int width) {
    return text.length() <= width ? text : text.substring(0, width - 3) + "...";
  }

  /** Bytes for a person, in decimal units: {@code 12.3 MB}. */
  static String bytes(long bytes) {
    String[] units = {"B", "kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
      return bytes + " B";
    }
    int unit = 0;
    long tenths = bytes * 10;
    while (tenths >= 10_000 && unit < units.length - 1) {
      tenths = (tenths + 500) / 1000;
      unit++;
    }
    return tenths / 10 + "." + tenths % 10 + " " + units[unit];
  }

  /** Words with commas between them on as many lines as they need, all but the first indented. */
  static List<String> wrapped(String heading, Collection<String> words, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder(heading);
    int left = words.size();
    for (String word : words) {
      if (line.length() + word.length() + 1 > width) {
        lines.add(line.toString().stripTrailing());
        line.setLength(0);
        line.append("  ");
      }
      line.append(word).append(--left > 0 ? ", " : "");
    }
    lines.add(line.toString());
    return lines;
  }

  /** Rows of text under a heading, in columns two spaces apart. */
  static String table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder table = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(padded(row.get(i), widths[i] + 2));
      }
      table.append(line.toString().stripTrailing()).append('\n');
    }
    return table.toString();
  }
}
