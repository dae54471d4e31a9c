package dev.carafe.cli;

import dev.carafe.image.Image;
import java.util.ArrayList;
import java.util.List;

/** {@code image ls}: the images in the store. */
final class ImageListVerb extends Verb {
  @Override
  String summary() {
    return "Lists the images (alias: list).";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("As JSON: an array of objects.", "--json").example("image ls");
  }

  @Override
  int run(Arguments arguments, Context context) {
    List<Image> images = context.rooms().images().list();
    if (arguments.has("--json")) {
      context
          .console()
          .line(
              Json.of(
                  json -> {
                    json.writeStartArray();
                    images.forEach(image -> ImageText.write(json, image));
                    json.writeEndArray();
                  }));
      return ExitCode.OK;
    }
    if (images.isEmpty()) {
      context.console().line("No images found");
      return ExitCode.OK;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NAME", "DIGEST", "SIZE", "CREATED"));
    for (Image image : images) {
      for (String name : image.names().isEmpty() ? List.of("<none>") : image.names()) {
        rows.add(
            List.of(
                name,
                ImageText.shortDigest(image),
                Text.bytes(image.bytes()),
                image.created().toString()));
      }
    }
    context.console().print(Text.table(rows));
    return ExitCode.OK;
  }
}
