package dev.carafe.cli.pick;

import dev.carafe.cli.pick.Key.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The keys behind a terminal's bytes, which are UTF-8 and the sequences of ECMA-48 that xterm, the
 * Linux console, screen and tmux send. A sequence that is not known is read to its end and is one
 * key without a meaning: its rest is never taken for typed letters.
 */
final class Keys {
  private static final int ESCAPE = 0x1b;

  /** What the decoder puts in the place of bytes that are not UTF-8. */
  private static final int REPLACEMENT = 0xfffd;

  /** No terminal sends longer ones for a key; what is longer is cut into several. */
  private static final int LONGEST_SEQUENCE = 32;

  private final TtyInput input;

  Keys(TtyInput input) {
    this.input = input;
  }

  /**
   * The next key; empty when none is pressed for a tenth of a second.
   *
   * @throws IOException if the terminal has gone
   */
  Optional<Key> next() throws IOException {
    int first = input.read();
    if (first < 0) {
      return Optional.empty();
    }
    if (first == ESCAPE) {
      return Optional.of(escape());
    }
    return Optional.of(first < 0x80 ? plain(first) : character(first));
  }

  /** A character of several bytes; bytes that make none are a key without a meaning. */
  private Key character(int first) throws IOException {
    byte[] bytes = new byte[first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2];
    bytes[0] = (byte) first;
    for (int i = 1; i < bytes.length; i++) {
      bytes[i] = (byte) input.read();
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    int codePoint = text.codePointAt(0);
    return text.length() != Character.charCount(codePoint) || codePoint == REPLACEMENT
        ? Key.of(Kind.OTHER)
        : plain(codePoint);
  }

  private static Key plain(int c) {
    return switch (c) {
      case 1 -> Key.of(Kind.HOME);
      case 2 -> Key.of(Kind.LEFT);
      case 3 -> Key.of(Kind.INTERRUPT);
      case 4 -> Key.of(Kind.END_OF_INPUT);
      case 5 -> Key.of(Kind.END);
      case 6 -> Key.of(Kind.RIGHT);
      case 8, 127 -> Key.of(Kind.BACKSPACE);
      case '\r', '\n' -> Key.of(Kind.ENTER);
      case 14 -> Key.of(Kind.DOWN);
      case 16 -> Key.of(Kind.UP);
      case 21 -> Key.of(Kind.CLEAR);
      default -> Character.isISOControl(c) ? Key.of(Kind.OTHER) : Key.character(c);
    };
  }

  /** After an escape character: the key of that name, when nothing follows at once. */
  private Key escape() throws IOException {
    int c = input.read();
    if (c < 0 || c == ESCAPE) {
      return Key.of(Kind.ESCAPE);
    }
    if (c == 'O') {
      return named(input.read(), "");
    }
    if (c != '[') {
      return Key.of(Kind.OTHER); // together with Alt
    }
    StringBuilder parameters = new StringBuilder();
    for (c = input.read(); c >= 0 && parameters.length() < LONGEST_SEQUENCE; c = input.read()) {
      // The Linux console's function keys begin with a second bracket.
      boolean last = c >= 0x40 && c <= 0x7e && !(c == '[' && parameters.isEmpty());
      if (last) {
        return named(c, parameters.toString());
      }
      parameters.append((char) c);
    }
    return Key.of(Kind.OTHER);
  }

  private static Key named(int last, String parameters) {
    if (parameters.startsWith("[")) {
      return Key.of(Kind.OTHER);
    }
    return Key.of(
        switch (last) {
          case 'A' -> Kind.UP;
          case 'B' -> Kind.DOWN;
          case 'C' -> Kind.RIGHT;
          case 'D' -> Kind.LEFT;
          case 'F' -> Kind.END;
          case 'H' -> Kind.HOME;
          case 'M' -> parameters.isEmpty() ? Kind.ENTER : Kind.OTHER; // of the keypad
          case '~' -> numbered(parameters);
          default -> Kind.OTHER;
        });
  }

  private static Kind numbered(String parameters) {
    int end = parameters.indexOf(';');
    return switch (end < 0 ? parameters : parameters.substring(0, end)) {
      case "1", "7" -> Kind.HOME;
      case "3" -> Kind.DELETE;
      case "4", "8" -> Kind.END;
      case "5" -> Kind.PAGE_UP;
      case "6" -> Kind.PAGE_DOWN;
      default -> Kind.OTHER;
    };
  }
}
