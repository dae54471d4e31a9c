package dev.carafe.machine.channel;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Words of the guest, made fit to be shown to a person: nothing in them can move a cursor, change a
 * colour, reverse the direction of writing or fill a screen.
 */
public final class GuestText {
  private static final int MOST = 1_000;

  private GuestText() {}

  /** The UTF-8 text in the next {@code length} bytes at {@code offset}; the buffer stays as is. */
  public static String of(ByteBuffer buffer, int offset, int length) {
    byte[] bytes = new byte[length];
    buffer.get(offset, bytes);
    return of(new String(bytes, StandardCharsets.UTF_8));
  }

  static String of(byte[] utf8) {
    return of(new String(utf8, StandardCharsets.UTF_8));
  }

  public static String of(String text) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), MOST));
    int i = 0;
    while (i < text.length()) {
      int character = text.codePointAt(i);
      i += Character.charCount(character);
      if (out.length() >= MOST) {
        return out.append('…').toString();
      }
      if (character == '\n' || character == '\t' || character == '\r') {
        out.append(' ');
      } else {
        out.appendCodePoint(harmless(character) ? character : '?');
      }
    }
    return out.toString().strip();
  }

  private static boolean harmless(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
