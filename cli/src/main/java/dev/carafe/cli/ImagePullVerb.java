package dev.carafe.cli;

import dev.carafe.image.Image;

/** {@code image pull}: fetches an image. */
final class ImagePullVerb extends Verb {
  @Override
  String summary() {
    return "Fetches an image from a registry, an archive or a directory.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("As JSON.", "--json")
        .flag("Show no progress.", "-q", "--quiet")
        .value("OS/ARCH", "The image's platform; only this computer's own.", "--oci-platform")
        .refuseValue(MachineFlags.NO_PROXY, "--proxy")
        .refuseValue(MachineFlags.NO_PROXY, "--no-proxy")
        .arguments(1, "IMAGE")
        .example("image pull debian:12")
        .example("image pull docker-archive:app.tar")
        .example("image pull oci:layout-directory")
        .example("image pull dir:rootfs");
  }

  @Override
  int run(Arguments arguments, Context context) {
    MachineFlags.checkPlatform(arguments);
    String reference =
        arguments.first().orElseThrow(() -> new UsageException("no image was named"));
    Image image;
    try (TerminalProgress progress = context.progress(arguments.has("--quiet"))) {
      image = context.rooms().images().pull(reference, progress);
    }
    return ImageText.stored("Pulled", reference, image, arguments, context);
  }
}
