package dev.carafe.cli;

import dev.carafe.cli.pick.Pickers;

/** Asks for what a manifest wants to be asked. */
final class Asking {
  private Asking() {}

  /**
   * A value that is not shown while it is typed.
   *
   * @throws FailureException when there is nobody to ask, or nothing was answered
   */
  static String secret(Context context, String question) {
    return new Pickers(context.env(), "start it in a terminal")
        .secret(question)
        .orElseThrow(() -> new FailureException("Cancelled"));
  }
}
