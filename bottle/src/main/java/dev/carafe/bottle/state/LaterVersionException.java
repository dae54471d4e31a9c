package dev.carafe.bottle.state;

import java.io.IOException;

/**
 * A record is whole, as far as anybody can tell, and made by a Carafe that knows more than this.
 */
final class LaterVersionException extends IOException {
  private static final long serialVersionUID = 1L;

  LaterVersionException() {
    super("a later version of Carafe has written it, which alone can use or remove it");
  }
}
