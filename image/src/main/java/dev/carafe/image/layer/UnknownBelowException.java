package dev.carafe.image.layer;

import java.io.IOException;

/**
 * A layer that is to become a delta leans on something that only the image below it knows: a
 * directory it does not describe, a file it links to. The image can then be made as a whole.
 */
public final class UnknownBelowException extends IOException {
  private static final long serialVersionUID = 1L;

  UnknownBelowException(String path) {
    super(path + " is not described by the layer that uses it");
  }
}
