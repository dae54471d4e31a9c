package dev.carafe.bottle.state;

import java.io.IOException;

/** A state is not for this Carafe to read, and may be whole: nothing of it is to be removed. */
final class WithheldException extends IOException {
  private static final long serialVersionUID = 1L;

  WithheldException(String why) {
    super(why);
  }
}
