package dev.carafe.egress.secret;

import java.nio.charset.StandardCharsets;

/**
 * A credential's value. It is never printed: {@link #toString} names it only, equality is identity.
 */
public final class Secret {
  private final String name;
  private final byte[] value;

  private Secret(String name, byte[] value) {
    this.name = name;
    this.value = value;
  }

  /** A secret that is shown as {@code name}. */
  public static Secret of(String name, byte[] value) {
    if (value.length == 0) {
      throw new IllegalArgumentException("the secret " + name + " is empty");
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

  /** A copy of the value. */
  public byte[] bytes() {
    return value.clone();
  }

  @Override
  public String toString() {
    return "Secret[" + name + "]";
  }
}
