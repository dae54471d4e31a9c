package dev.carafe.machine.channel;

import java.io.IOException;

/**
 * The guest sent something that {@code docs/protocol.md} does not allow. The message says what, as
 * the rest of a sentence that begins with "the guest"; it contains no text of the guest's but names
 * that {@link GuestText} has made harmless.
 */
public final class Violation extends IOException {
  private static final long serialVersionUID = 1L;

  public Violation(String what) {
    super(what);
  }
}
