package dev.carafe.cli;

import dev.carafe.image.pack.PackInfo;
import dev.carafe.image.pack.PackManifest;
import dev.carafe.image.pack.PackManifest.Mode;
import java.nio.file.Path;
import tools.jackson.core.JsonGenerator;

/** {@code pack inspect}: what a {@code .smolmachine} file says about itself. */
final class PackInspectVerb extends Verb {
  @Override
  String summary() {
    return "Checks a .smolmachine file and shows what it holds.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON: the whole manifest.", "--json")
        .arguments(1, "FILE")
        .example("pack inspect debian.smolmachine --json");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Path file =
        Path.of(
            arguments
                .first()
                .orElseThrow(() -> new UsageException("no .smolmachine file was named")));
    PackInfo info = context.rooms().packs().inspect(file);
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(Json.of(json -> write(json, info)));
      return ExitCode.OK;
    }
    PackManifest manifest = info.manifest();
    field(console, "Image", manifest.image());
    field(console, "Digest", manifest.digest());
    field(console, "Platform", manifest.platform());
    field(console, "CPUs", Integer.toString(manifest.cpus()));
    field(console, "Memory", manifest.mem() + " MiB");
    field(console, "Entrypoint", String.join(" ", manifest.entrypoint()));
    field(console, "Cmd", String.join(" ", manifest.cmd()));
    field(console, "Workdir", manifest.workdir().orElse("/"));
    field(console, "Network", Boolean.toString(manifest.network()));
    field(console, "Created", manifest.created());
    field(console, "Written by", manifest.smolvmVersion());
    field(console, "Size", Text.bytes(info.bytes()));
    field(console, "Layers", Integer.toString(info.layers().size()));
    return ExitCode.OK;
  }

  /** With the names that the fields have in the pack's own manifest. */
  private static void write(JsonGenerator json, PackInfo info) {
    PackManifest manifest = info.manifest();
    json.writeStartObject();
    json.writeStringProperty("mode", manifest.mode() == Mode.VM ? "vm" : "container");
    json.writeStringProperty("image", manifest.image());
    json.writeStringProperty("digest", manifest.digest());
    json.writeStringProperty("platform", manifest.platform());
    Json.strings(json, "entrypoint", manifest.entrypoint());
    Json.strings(json, "cmd", manifest.cmd());
    Json.strings(json, "env", manifest.env());
    Json.string(json, "workdir", manifest.workdir());
    json.writeNumberProperty("cpus", manifest.cpus());
    json.writeNumberProperty("mem", manifest.mem());
    json.writeNumberProperty("image_size", manifest.imageSize());
    json.writeBooleanProperty("network", manifest.network());
    json.writeBooleanProperty("gpu", manifest.gpu());
    json.writeStringProperty("host_platform", manifest.hostPlatform());
    json.writeStringProperty("created", manifest.created());
    json.writeStringProperty("smolvm_version", manifest.smolvmVersion());
    json.writeName("assets");
    json.writeStartObject();
    json.writeName("layers");
    json.writeStartArray();
    for (PackManifest.Layer layer : manifest.layers()) {
      json.writeStartObject();
      json.writeStringProperty("digest", layer.digest());
      json.writeStringProperty("path", layer.path());
      json.writeNumberProperty("size", layer.size());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
    json.writeNumberProperty("layer_size", info.bytes());
    json.writeStringProperty("layer_digest", info.digest());
    json.writeEndObject();
  }

  private static void field(Console console, String name, String value) {
    console.line(Text.padded(name + ":", 12) + Text.shown(value));
  }
}
