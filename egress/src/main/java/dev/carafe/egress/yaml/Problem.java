package dev.carafe.egress.yaml;

/**
 * One mistake in a file.
 *
 * @param sentence what is wrong and what to write instead, without a final full stop
 */
public record Problem(Position at, String sentence) {
  @Override
  public String toString() {
    return at + ": " + sentence;
  }
}
