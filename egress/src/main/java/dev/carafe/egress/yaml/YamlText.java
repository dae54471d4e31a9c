package dev.carafe.egress.yaml;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes YAML: maps with text as keys, lists, text, whole numbers and truth. Text is in quotes
 * unless it is a plain word, and comes back as it was whatever is in it.
 */
public final class YamlText {
  private static final Set<String> WORDS_WITH_MEANING =
      Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n");

  private final StringBuilder out = new StringBuilder();

  private YamlText() {}

  /** The map as lines in block form; nothing for an empty one. */
  public static String of(Map<String, ?> map) {
    YamlText text = new YamlText();
    if (!map.isEmpty()) {
      text.map(map, 0, false);
    }
    return text.out.toString();
  }

  private void map(Map<?, ?> map, int indent, boolean onLine) {
    boolean first = onLine;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(first ? "" : " ".repeat(indent)).append(scalar(entry.getKey())).append(':');
      first = false;
      value(entry.getValue(), indent + 2);
    }
  }

  private void value(Object value, int indent) {
    switch (value) {
      case Map<?, ?> map when map.isEmpty() -> out.append(" {}\n");
      case List<?> list when list.isEmpty() -> out.append(" []\n");
      case Map<?, ?> map -> {
        out.append('\n');
        map(map, indent, false);
      }
      case List<?> list -> {
        out.append('\n');
        items(list, indent);
      }
      default -> out.append(' ').append(scalar(value)).append('\n');
    }
  }

  private void items(List<?> list, int indent) {
    for (Object item : list) {
      out.append(" ".repeat(indent)).append('-');
      if (item instanceof Map<?, ?> map && !map.isEmpty()) {
        out.append(' ');
        map(map, indent + 2, true);
      } else {
        value(item, indent + 2);
      }
    }
  }

  private static String scalar(Object value) {
    if (!(value instanceof String text)) {
      return value.toString();
    }
    boolean plain =
        text.matches("[A-Za-z_/][A-Za-z0-9_./@-]*(:[A-Za-z0-9_./@-]+)*")
            && !WORDS_WITH_MEANING.contains(text.toLowerCase(java.util.Locale.ROOT));
    if (plain) {
      return text;
    }
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (printable(text, i)) {
            quoted.append(c);
          } else {
            String digits = Integer.toHexString(c);
            quoted.append("\\u").append("0".repeat(4 - digits.length())).append(digits);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  /** Whether a character stands for itself: control characters, and halves of pairs, do not. */
  private static boolean printable(String text, int at) {
    char c = text.charAt(at);
    if (Character.isSurrogate(c)) {
      return Character.isHighSurrogate(c)
          ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
          : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
    }
    return !Character.isISOControl(c)
        && c != '\u2028'
        && c != '\u2029'
        && c != '\ufeff'
        && c < '\ufffe';
  }
}
