package dev.carafe.bottle.provider;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The colour of a bottle's label, in lists and on the agent's screen. */
public enum Color {
  RED(31),
  GREEN(32),
  YELLOW(33),
  BLUE(34),
  MAGENTA(35),
  CYAN(36);

  private final int code;

  Color(int code) {
    this.code = code;
  }

  /** Its name as people write it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The colour of that name, in small letters. */
  public static Optional<Color> of(String word) {
    return Arrays.stream(values()).filter(color -> color.word().equals(word)).findFirst();
  }

  /** All names. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Color::word).toList();
  }

  /** The number that chooses it as a foreground, ECMA-48 SGR. */
  public int code() {
    return code;
  }
}
