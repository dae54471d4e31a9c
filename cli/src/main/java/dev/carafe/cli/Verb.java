package dev.carafe.cli;

/** One verb of the command line: what it takes, and what it does. Has no state. */
abstract class Verb {
  /** One sentence for the list of verbs and the head of the help text. */
  abstract String summary();

  /** Adds the verb's options, arguments and examples. */
  abstract void describe(Grammar grammar);

  /** Does it. Returns the process's exit code; what goes wrong is thrown. */
  abstract int run(Arguments arguments, Context context);
}
