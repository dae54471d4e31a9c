package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What the command line needs of {@code .smolmachine} files. */
interface Packs {
  /**
   * What a pack says about the machine to make from it.
   *
   * @param reference the image it was made from
   * @param env {@code NAME=value}
   * @param json the whole manifest
   */
  record Manifest(
      String reference,
      String digest,
      String platform,
      OptionalInt cpus,
      OptionalInt memoryMib,
      List<String> env,
      Optional<String> directory,
      List<String> entrypoint,
      List<String> cmd,
      boolean network,
      String created,
      String json) {}

  /**
   * What a pack is made with besides its image.
   *
   * @param entrypoint replaces the image's, when not empty
   */
  record Options(int cpus, int memoryMib, List<String> entrypoint) {}

  /**
   * A pack that was written.
   *
   * @param sidecar the {@code .smolmachine} file
   */
  record Written(Path sidecar, long bytes, int layers) {}

  /** Writes {@code output.smolmachine}; replaces what is there, whole or not at all. */
  Written create(Image image, String reference, Path output, Options options, Progress progress);

  /** Reads and checks a pack's manifest. */
  Manifest inspect(Path pack);

  /** Checks a pack and stores its image. */
  Image load(Path pack, Progress progress);
}
