package dev.carafe.egress.scan;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.nio.charset.StandardCharsets;

/**
 * What a kind of token looks like, or what a phrase does, from the keyword by which it is noticed.
 *
 * @param id what it is called in findings
 * @param keyword what stands in each of them; see the data files for its form
 * @param shape how far to look
 * @param alone whether it only counts with no part of a word before it
 * @param before bytes looked at before the keyword
 * @param span bytes looked at from the keyword on, at most
 * @param pattern RE2 of the whole token as group 1, after at most as many bytes as are looked at
 *     before; tried at the beginning only, so that words repeated many times cost no more than once
 *     each
 * @param about for people
 * @param example how one is put together; only tests make it
 */
record TokenPattern(
    String id,
    String keyword,
    boolean anyCase,
    Shape shape,
    boolean alone,
    int before,
    int span,
    Pattern pattern,
    String about,
    String example)
    implements Keywords.Owner {

  /** How far a token goes on after its keyword. */
  enum Shape {
    /** To the first byte that tokens do not have. */
    TOKEN,
    /** Over quotes, colons and spaces to a token. */
    ASSIGNMENT,
    /** Over several lines, to the first byte that keys do not have. */
    BLOCK,
    /** As far as the span. */
    PHRASE
  }

  private static final boolean[] TOKEN = new boolean[128];

  static {
    for (byte b = 0; b >= 0 && b < 127; b++) {
      TOKEN[b] = Alphabet.FOLDED.value(b) >= 0 || "-_.~+/=:%@?&!*$".indexOf(b) >= 0;
    }
  }

  private static final String[] PLACEHOLDERS = {
    "EXAMPLE", "example", "PLACEHOLDER", "placeholder", "YOUR_", "YOUR-", "your_", "your-"
  };

  /** Between a name and its value. */
  private static final int WIDEST_GAP = 24;

  private static final int FEWEST_DIFFERENT = 8;

  /**
   * Where the token stands.
   *
   * @param start its first byte, -1 when there is none
   * @param end after its last
   * @param open whether more bytes may change this
   */
  record Found(int start, int end, boolean open) {}

  /** Looks at the keyword at {@code at}. */
  Found look(byte[] view, int low, int at, int high, boolean eager, Runs runs) {
    if (alone && at > low && inWord(view[at - 1]) && !escaped(view, low, at - 1)) {
      return new Found(-1, at, false);
    }
    int end = end(view, at, high, runs);
    boolean open = end == high && shape != Shape.PHRASE && end - at < span;
    if (open && !eager) {
      return new Found(-1, at, true);
    }
    int start = Math.max(low, at - before);
    String window = new String(view, start, end - start, StandardCharsets.ISO_8859_1);
    Matcher matcher = pattern.matcher(window);
    if (matcher.lookingAt() && matcher.end(1) > at - start && !placeholder(matcher.group(1))) {
      return new Found(start + matcher.start(1), start + matcher.end(1), open);
    }
    return new Found(-1, at, open);
  }

  private int end(byte[] view, int at, int high, Runs runs) {
    int limit = Math.min(high, at + span);
    int i = Math.min(limit, at + keyword.length());
    return switch (shape) {
      case PHRASE -> limit;
      case BLOCK -> runs.block(view, i, limit);
      case ASSIGNMENT -> {
        int gap = Math.min(limit, i + WIDEST_GAP);
        while (i < gap && (spacing(view[i]) || view[i] == '=' || view[i] == ':')) {
          i++;
        }
        yield runs.token(view, i, limit);
      }
      case TOKEN -> runs.token(view, i, limit);
    };
  }

  /** Whether tokens have such a byte, or the text around them that we do not tell from them. */
  static boolean token(byte b) {
    return b >= 0 && TOKEN[b];
  }

  /** Whether this is the letter of a line break written with a backslash. */
  private static boolean escaped(byte[] view, int low, int at) {
    return at > low && view[at - 1] == '\\' && "nrt".indexOf(view[at]) >= 0;
  }

  private static boolean inWord(byte b) {
    return Alphabet.FOLDED.value(b) >= 0 || b == '+' || b == '_' || b == '-';
  }

  /** Whether such a byte may stand between the lines of a key, or a name and its value. */
  static boolean spacing(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n' || "\"'`\\,>(){}[]|".indexOf(b) >= 0;
  }

  /** Whether this is what documents show instead of a token: xxxx, 1234567890abcdef, EXAMPLE. */
  private boolean placeholder(String text) {
    if (shape == Shape.PHRASE) {
      return false;
    }
    for (String word : PLACEHOLDERS) {
      if (text.contains(word)) {
        return true;
      }
    }
    String upper = text.toUpperCase(java.util.Locale.ROOT);
    int at = upper.indexOf(keyword.toUpperCase(java.util.Locale.ROOT));
    String rest = text.substring(at < 0 ? 0 : Math.min(text.length(), at + keyword.length()));
    if (rest.length() < FEWEST_DIFFERENT) {
      return false;
    }
    int next = 0;
    for (int i = 1; i < rest.length(); i++) {
      int step = rest.charAt(i) - rest.charAt(i - 1);
      next += step == 1 || step == 0 ? 1 : 0;
    }
    return next * 2 > rest.length() || rest.chars().distinct().count() < FEWEST_DIFFERENT;
  }
}
