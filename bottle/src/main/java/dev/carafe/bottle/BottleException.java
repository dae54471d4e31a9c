package dev.carafe.bottle;

/**
 * Something about a bottle did not work. The message is for a person: what was attempted, why it
 * failed, what was undone, and what to do; without secrets.
 */
public final class BottleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BottleException(String sentence) {
    super(sentence);
  }

  public BottleException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
