package dev.carafe.cli.pick;

/**
 * A key that was pressed.
 *
 * @param character the code point, where the kind is {@link Kind#CHARACTER}; otherwise 0
 */
record Key(Kind kind, int character) {
  enum Kind {
    CHARACTER,
    UP,
    DOWN,
    LEFT,
    RIGHT,
    PAGE_UP,
    PAGE_DOWN,
    HOME,
    END,
    ENTER,
    BACKSPACE,
    DELETE,
    /** Ctrl-U: away with what was typed. */
    CLEAR,
    ESCAPE,
    /** Ctrl-C, which is no signal while a question is asked. */
    INTERRUPT,
    /** Ctrl-D. */
    END_OF_INPUT,
    /** Any that means nothing here. */
    OTHER
  }

  static Key of(Kind kind) {
    return new Key(kind, 0);
  }

  static Key character(int codePoint) {
    return new Key(Kind.CHARACTER, codePoint);
  }

  boolean isCharacter(int codePoint) {
    return kind == Kind.CHARACTER && character == codePoint;
  }
}
