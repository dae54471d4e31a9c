package dev.carafe.egress.secret;

/**
 * A credential cannot be had. The message is one sentence that names the reference, not the value.
 */
public final class SecretException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Without a cause: other people's exceptions may quote what they read. */
  public SecretException(String sentence) {
    super(sentence);
  }
}
