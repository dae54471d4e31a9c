package dev.carafe.machine.smolvm;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Values that must not appear in a message. What smolvm says goes into exceptions and logs; if it
 * ever repeats a value that it was given, the value is taken out.
 */
record Secrets(List<String> values) {
  /** Shorter values would take ordinary words and numbers out of every message. */
  private static final int SHORTEST = 4;

  Secrets {
    // The longest first: one value may contain another.
    values =
        values.stream()
            .filter(value -> value.length() >= SHORTEST)
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
  }

  Secrets(Collection<String> values) {
    this(List.copyOf(values));
  }

  String hidden(String text) {
    String hidden = text;
    for (String value : values) {
      hidden = hidden.replace(value, "***");
    }
    return hidden;
  }

  @Override
  public String toString() {
    return "Secrets[" + values.size() + "]";
  }
}
