package dev.carafe.egress.yaml;

import java.nio.file.Path;

/**
 * One mistake in a file.
 *
 * @param sentence what is wrong and what to write instead, without a final full stop
 */
public record Problem(Position at, String sentence) {
  /** The sentence with its place before it, which is in this file. */
  public String in(Path file) {
    return at.equals(Position.NOWHERE) ? file + ": " + sentence : file + ":" + this;
  }

  @Override
  public String toString() {
    return at + ": " + sentence;
  }
}
