package dev.carafe.cli;

import java.nio.file.Path;

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
      console.line(manifest.json());
      return ExitCode.OK;
    }
    field(console, "Image", manifest.reference());
    field(console, "Digest", manifest.digest());
    field(console, "Platform", manifest.platform());
    manifest.cpus().ifPresent(cpus -> field(console, "CPUs", Integer.toString(cpus)));
    manifest.memoryMib().ifPresent(mib -> field(console, "Memory", mib + " MiB"));
    field(console, "Entrypoint", String.join(" ", manifest.entrypoint()));
    field(console, "Cmd", String.join(" ", manifest.cmd()));
    field(console, "Workdir", manifest.directory().orElse("/"));
    field(console, "Network", Boolean.toString(manifest.network()));
    field(console, "Created", manifest.created());
    return ExitCode.OK;
  }

  private static void field(Console console, String name, String value) {
    console.line(Text.padded(name + ":", 12) + Text.shown(value));
  }
}
