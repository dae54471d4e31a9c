package dev.carafe.cli.pick;

import java.util.List;
import org.jline.utils.AttributedString;

/**
 * Something that is being asked: keys go in, lines to show come out. Not safe for use by several
 * threads.
 *
 * @param <R> what the answer is
 */
interface Question<R> {
  /**
   * What to show now.
   *
   * @param columns how wide the terminal is, at least 1
   * @param rows how high, at least 1
   * @return at least one line and at most {@code rows}, none wider than the terminal
   */
  List<AttributedString> lines(int columns, int rows);

  /** Takes a key. Not called any more after an answer. */
  Step<R> press(Key key);

  /** The question's own words. */
  String words();

  /** Where asking has come to. */
  sealed interface Step<R> {}

  /** The question still stands. */
  record Asking<R>() implements Step<R> {}

  /** Nobody wants to answer. */
  record Cancelled<R>() implements Step<R> {}

  /**
   * It is answered.
   *
   * @param shown the answer in words that may stay on the screen
   */
  record Answered<R>(R answer, String shown) implements Step<R> {}
}
