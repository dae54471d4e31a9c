package dev.carafe.cli;

/** {@code image prune}: removes images without a name, and what interrupted work left. */
final class ImagePruneVerb extends Verb {
  @Override
  String summary() {
    return "Removes images without a name, and what interrupted work left.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("As JSON.", "--json").example("image prune");
  }

  @Override
  int run(Arguments arguments, Context context) {
    long freed = context.rooms().images().prune();
    context
        .console()
        .line(
            arguments.has("--json")
                ? Json.of(
                    json -> {
                      json.writeStartObject();
                      json.writeNumberProperty("freed_bytes", freed);
                      json.writeEndObject();
                    })
                : "Freed: " + Text.bytes(freed));
    return ExitCode.OK;
  }
}
