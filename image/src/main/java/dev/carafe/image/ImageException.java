package dev.carafe.image;

/**
 * An image could not be found, fetched, checked, unpacked or kept. The message is a sentence for a
 * person: what was tried, what went wrong, where it helps what to do. Nothing half-written is left.
 */
public final class ImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ImageException(String attempted, String said) {
    this(attempted, said, null);
  }

  public ImageException(String attempted, String said, Throwable cause) {
    super("cannot " + attempted + ": " + said, cause);
  }
}
