package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;

/** {@code image inspect}: what is known of an image in the store. */
final class ImageInspectVerb extends Verb {
  @Override
  String summary() {
    return "Shows what is known of an image.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON.", "--json")
        .arguments(1, "IMAGE")
        .example("image inspect debian:12 --json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String reference =
        arguments.first().orElseThrow(() -> new UsageException("no image was named"));
    Image image =
        context
            .rooms()
            .images()
            .find(reference)
            .orElseThrow(
                () ->
                    new FailureException(
                        "image not found: "
                            + Text.shown(reference)
                            + ". Fetch it with '"
                            + context.program().name()
                            + " image pull'."));
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(Json.of(json -> ImageText.write(json, image)));
      return ExitCode.OK;
    }
    ImageConfig config = image.config();
    field(console, "Digest", image.digest());
    field(console, "Names", String.join(", ", image.names()));
    field(console, "Created", image.created().toString());
    field(console, "Size", Text.bytes(image.bytes()));
    field(console, "Layers", Integer.toString(image.layers().size()));
    if (!image.deltas().isEmpty()) {
      field(console, "Deltas", Integer.toString(image.deltas().size()));
    }
    field(console, "Platform", config.os() + "/" + config.architecture());
    field(console, "Workdir", config.directory().orElse("/"));
    field(console, "User", config.user().orElse("root"));
    field(console, "Entrypoint", String.join(" ", config.entrypoint()));
    field(console, "Cmd", String.join(" ", config.cmd()));
    config.env().forEach(variable -> field(console, "Env", variable));
    return ExitCode.OK;
  }

  private static void field(Console console, String name, String value) {
    console.line(Text.padded(name + ":", 12) + Text.shown(value));
  }
}
