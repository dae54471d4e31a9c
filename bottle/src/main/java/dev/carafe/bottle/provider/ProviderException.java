package dev.carafe.bottle.provider;

/**
 * A provider cannot be used as it was declared, or not now. The message is one sentence for the
 * user, without secrets: what is missing, and what to do.
 */
public final class ProviderException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Without a cause: other people's exceptions may quote what they read. */
  public ProviderException(String sentence) {
    super(sentence);
  }
}
