package dev.carafe.image.registry;

import java.io.IOException;

/**
 * A registry could not be reached or refused. The message is a whole sentence and holds no secret.
 */
public final class RegistryException extends IOException {
  private static final long serialVersionUID = 1L;

  RegistryException(String message) {
    super(message);
  }

  RegistryException(String message, Throwable cause) {
    super(message, cause);
  }
}
