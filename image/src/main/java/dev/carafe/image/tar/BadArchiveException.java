package dev.carafe.image.tar;

import java.io.IOException;

/**
 * An archive, layer or manifest is damaged or hostile. The message is a sentence without a
 * subject's name.
 */
public final class BadArchiveException extends IOException {
  private static final long serialVersionUID = 1L;

  public BadArchiveException(String message) {
    super(message);
  }

  public BadArchiveException(String message, Throwable cause) {
    super(message, cause);
  }
}
