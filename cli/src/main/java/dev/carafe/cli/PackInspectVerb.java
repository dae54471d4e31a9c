package dev.carafe.cli;

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
    Packs.Manifest manifest = context.rooms().packs().inspect(file);
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(Json.of(json -> write(json, manifest)));
      return ExitCode.OK;
    }
    field(console, "Image", manifest.image());
    field(console, "Digest", manifest.digest());
    field(console, "Platform", manifest.platform());
    field(console, "CPUs", Integer.toString(manifest.cpus()));
    field(console, "Memory", manifest.memoryMib() + " MiB");
    field(console, "Entrypoint", String.join(" ", manifest.entrypoint()));
    field(console, "Cmd", String.join(" ", manifest.cmd()));
    field(console, "Workdir", manifest.workdir().orElse("/"));
    field(console, "Network", Boolean.toString(manifest.network()));
    field(console, "Created", manifest.created());
    field(console, "Written by", manifest.writer());
    field(console, "Size", Text.bytes(manifest.bytes()));
    field(console, "Layers", Integer.toString(manifest.layers().size()));
    return ExitCode.OK;
  }

  /** With the names that the fields have in the file's own manifest. */
  private static void write(JsonGenerator json, Packs.Manifest manifest) {
    json.writeStartObject();
    json.writeStringProperty("image", manifest.image());
    json.writeStringProperty("digest", manifest.digest());
    json.writeStringProperty("platform", manifest.platform());
    Json.strings(json, "entrypoint", manifest.entrypoint());
    Json.strings(json, "cmd", manifest.cmd());
    Json.strings(json, "env", manifest.env());
    if (manifest.workdir().isPresent()) {
      json.writeStringProperty("workdir", manifest.workdir().get());
    } else {
      json.writeNullProperty("workdir");
    }
    json.writeNumberProperty("cpus", manifest.cpus());
    json.writeNumberProperty("mem", manifest.memoryMib());
    json.writeBooleanProperty("network", manifest.network());
    json.writeStringProperty("created", manifest.created());
    json.writeStringProperty("smolvm_version", manifest.writer());
    json.writeNumberProperty("layer_size", manifest.bytes());
    Json.strings(json, "layers", manifest.layers());
    json.writeEndObject();
  }

  private static void field(Console console, String name, String value) {
    console.line(Text.padded(name + ":", 12) + Text.shown(value));
  }
}
