package dev.carafe.egress.secret;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A credential's value. It is never printed: {@link #toString} and all exceptions name it only. It
 * cannot be serialised, and equality is identity, so that nobody can guess it by comparing. Any
 * thread.
 */
public final class Secret {
  /** Shorter ones would be found by accident in what passes, and are no secrets. */
  public static final int LEAST_BYTES = 8;

  /** Longer ones fit no header. */
  public static final int MOST_BYTES = 8192;

  private final String name;
  private final byte[] value;
  private boolean cleared;

  private Secret(String name, byte[] value) {
    this.name = name;
    this.value = value;
  }

  /**
   * A secret that is shown as {@code name}.
   *
   * @param value copied; from {@value #LEAST_BYTES} to {@value #MOST_BYTES} bytes, none of them a
   *     control character, since it goes into a header
   * @throws IllegalArgumentException says what is wrong with the value, never the value
   */
  public static Secret of(String name, byte[] value) {
    if (value.length == 0) {
      throw new IllegalArgumentException(name + " is empty");
    }
    if (value.length < LEAST_BYTES) {
      throw new IllegalArgumentException(
          name + " is shorter than " + LEAST_BYTES + " bytes, which no credential is");
    }
    if (value.length > MOST_BYTES) {
      throw new IllegalArgumentException(name + " is longer than " + MOST_BYTES + " bytes");
    }
    for (byte each : value) {
      if (each >= 0 && each < ' ' || each == 127) {
        throw new IllegalArgumentException(
            name + " has more than one line, or a control character, which no header can carry");
      }
    }
    return new Secret(name, value.clone());
  }

  /** A secret that is shown as {@code name}; the value's UTF-8. */
  public static Secret of(String name, String value) {
    return of(name, value.getBytes(StandardCharsets.UTF_8));
  }

  /** What it is called in messages. */
  public String name() {
    return name;
  }

  /**
   * A copy of the value; whoever asks for it should overwrite it when done.
   *
   * @throws IllegalStateException after {@link #clear}
   */
  public synchronized byte[] bytes() {
    if (cleared) {
      throw new IllegalStateException(name + " has been cleared from memory");
    }
    return value.clone();
  }

  /** Overwrites the value; the secret is of no use afterwards. Idempotent. */
  public synchronized void clear() {
    cleared = true;
    Arrays.fill(value, (byte) 0);
  }

  @Override
  public String toString() {
    return "Secret[" + name + "]";
  }
}
