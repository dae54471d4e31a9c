package dev.carafe.cli.pick;

import java.util.Objects;

/**
 * One of several things to choose from.
 *
 * @param value what the caller gets when it is chosen
 * @param name what it is called, and what typing filters by; may come from anywhere: what of it
 *     would steer a terminal is shown as {@code ?}
 * @param description what is shown beside the name, faintly; may be empty, and come from anywhere
 */
public record Choice<T>(T value, String name, String description) {
  /** Checks that nothing is missing. */
  public Choice {
    Objects.requireNonNull(value, "value");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(description, "description");
  }
}
