package dev.carafe.image.pack;

import java.io.IOException;

/** A pack is not what its format says it must be. The message is a clause for a person. */
final class PackException extends IOException {
  private static final long serialVersionUID = 1L;

  PackException(String what) {
    super(what);
  }
}
