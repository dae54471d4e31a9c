package dev.carafe.bottle.state;

/**
 * Text that is what it looks like on one line of a terminal: without control characters, line ends,
 * and marks that cannot be seen or turn the direction of what stands beside them.
 */
public final class Plain {
  private Plain() {}

  public static boolean is(String text) {
    return text.codePoints().noneMatch(Plain::hidden);
  }

  private static boolean hidden(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> false;
    };
  }
}
