package dev.carafe.cli;

/** {@code image rm}: removes images. */
final class ImageRemoveVerb extends Verb {
  @Override
  String summary() {
    return "Removes images, by name or digest.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON.", "--json")
        .arguments(Integer.MAX_VALUE, "IMAGE...")
        .example("image rm debian:12");
  }

  @Override
  int run(Arguments arguments, Context context) {
    if (arguments.positionals().isEmpty()) {
      throw new UsageException("no image was named");
    }
    Images images = context.rooms().images();
    for (String image : arguments.positionals()) {
      images.remove(image);
      if (!arguments.has("--json")) {
        context.console().line("Removed: " + image);
      }
    }
    if (arguments.has("--json")) {
      context
          .console()
          .line(
              Json.of(
                  json -> {
                    json.writeStartObject();
                    Json.strings(json, "removed", arguments.positionals());
                    json.writeEndObject();
                  }));
    }
    return ExitCode.OK;
  }
}
