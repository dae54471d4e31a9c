package dev.carafe.egress.routes;

import com.google.re2j.Pattern;
import java.util.List;

/**
 * A header that a request must have, exactly once: of two, this side and the server may each
 * believe a different one.
 *
 * @param name lower case
 * @param condition what its value must be
 */
public record HeaderMatch(String name, Condition condition) {
  /** What a value must be. */
  public sealed interface Condition {}

  /** The value itself. */
  public record Exact(String value) implements Condition {
    @Override
    public String toString() {
      return "Exact";
    }
  }

  /** The whole value matches. */
  public record Expression(Pattern pattern) implements Condition {}

  /** The value itself. */
  public HeaderMatch(String name, String value) {
    this(name, new Exact(value));
  }

  /** The value, or the expression, as it is written in the routes file. */
  public String value() {
    return switch (condition) {
      case Exact exact -> exact.value();
      case Expression expression -> expression.pattern().pattern();
    };
  }

  /** Whether these, all values of the header, are as they must be. */
  public boolean matches(List<String> values) {
    return values.size() == 1
        && switch (condition) {
          case Exact exact -> exact.value().equals(values.getFirst());
          case Expression expression -> expression.pattern().matches(values.getFirst());
        };
  }
}
