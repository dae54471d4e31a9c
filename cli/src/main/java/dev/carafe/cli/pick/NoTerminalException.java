package dev.carafe.cli.pick;

/** There is nobody to ask. The message is for the user: it says so, and what to do instead. */
public final class NoTerminalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoTerminalException(String hint, Throwable cause) {
    super("no terminal to ask on; " + hint, cause);
  }
}
