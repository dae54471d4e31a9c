package dev.carafe.cli;

/** {@code setup}: gets what is needed to run machines. */
final class SetupVerb extends Verb {
  @Override
  String summary() {
    return "Installs what is missing (as root), or says how; prepares the kernel.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("Show no progress.", "-q", "--quiet").example("setup");
  }

  @Override
  int run(Arguments arguments, Context context) {
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      context.rooms().host().setup(progress);
    }
    context.console().line("Everything that is needed is there.");
    return ExitCode.OK;
  }
}
