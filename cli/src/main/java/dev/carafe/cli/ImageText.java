package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import java.nio.file.Path;
import tools.jackson.core.JsonGenerator;

/** How images are shown. */
final class ImageText {
  private static final int SHORT_DIGEST = 12;

  private ImageText() {}

  /** The first 12 digits of a digest: enough to name an image to {@code image rm}. */
  static String shortDigest(Image image) {
    String digest = image.digest();
    int start = digest.indexOf(':') + 1;
    return digest.substring(start, Math.min(digest.length(), start + SHORT_DIGEST));
  }

  static void write(JsonGenerator json, Image image) {
    ImageConfig config = image.config();
    json.writeStartObject();
    json.writeStringProperty("digest", image.digest());
    Json.strings(json, "names", image.names());
    json.writeStringProperty("created", image.created().toString());
    json.writeNumberProperty("bytes", image.bytes());
    Json.strings(json, "layers", image.layers());
    json.writeStringProperty("rootfs", image.rootfs().toString());
    Json.strings(json, "deltas", image.deltas().stream().map(Path::toString).toList());
    json.writeName("config");
    json.writeStartObject();
    json.writeStringProperty("os", config.os());
    json.writeStringProperty("architecture", config.architecture());
    Json.strings(json, "env", config.env());
    Json.string(json, "workdir", config.directory());
    Json.string(json, "user", config.user());
    Json.strings(json, "entrypoint", config.entrypoint());
    Json.strings(json, "cmd", config.cmd());
    json.writeEndObject();
    json.writeEndObject();
  }

  /** Prints what came into the store. */
  static int stored(String done, String name, Image image, Arguments arguments, Context context) {
    context
        .console()
        .line(
            arguments.has("--json")
                ? Json.of(json -> write(json, image))
                : done
                    + ": "
                    + name
                    + " ("
                    + shortDigest(image)
                    + ", "
                    + Text.bytes(image.bytes())
                    + ")");
    return ExitCode.OK;
  }
}
