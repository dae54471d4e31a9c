package dev.carafe.egress.scan;

/**
 * How far the text goes on that tokens are made of. What is known of one run is not looked at
 * again, so that a keyword in each few bytes of a long one does not make it as many times as long.
 */
final class Runs {
  private int tokenStart;
  private int tokenEnd;
  private int blockStart;
  private int blockEnd;

  /** Another view. */
  void clear() {
    tokenStart = 0;
    tokenEnd = -1;
    blockStart = 0;
    blockEnd = -1;
  }

  /** Where after {@code from} the first byte stands that tokens do not have, or {@code limit}. */
  int token(byte[] view, int from, int limit) {
    if (from < tokenStart || from > tokenEnd) {
      tokenStart = from;
      tokenEnd = from;
    }
    while (tokenEnd < limit && TokenPattern.token(view[tokenEnd])) {
      tokenEnd++;
    }
    return Math.min(limit, tokenEnd);
  }

  /** The same for the first byte that keys of several lines do not have. */
  int block(byte[] view, int from, int limit) {
    if (from < blockStart || from > blockEnd) {
      blockStart = from;
      blockEnd = from;
    }
    while (blockEnd < limit
        && (TokenPattern.token(view[blockEnd]) || TokenPattern.spacing(view[blockEnd]))) {
      blockEnd++;
    }
    return Math.min(limit, blockEnd);
  }
}
