package dev.carafe.cli;

import dev.carafe.egress.routes.RoutesShape;

/** {@code egress schema}: what editors need to complete and check routes files. */
final class EgressSchemaVerb extends Verb {
  @Override
  String summary() {
    return "Prints the JSON Schema of routes files, for editors.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.example("egress schema > routes.schema.json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    context.console().print(RoutesShape.schema());
    return ExitCode.OK;
  }
}
