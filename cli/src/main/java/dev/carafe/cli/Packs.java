package dev.carafe.cli;

import dev.carafe.image.Image;
import dev.carafe.image.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the command line needs of {@code .smolmachine} files. */
interface Packs {
  /**
   * What a pack says about itself.
   *
   * @param image the reference it was made from
   * @param memoryMib of a machine made of it, as {@code cpus}
   * @param bytes of the whole file
   * @param layers their digests, lowest first
   */
  record Manifest(
      String image,
      String digest,
      String platform,
      int cpus,
      long memoryMib,
      List<String> env,
      Optional<String> workdir,
      List<String> entrypoint,
      List<String> cmd,
      boolean network,
      String created,
      String writer,
      long bytes,
      List<String> layers) {}

  /** A pack's image, now in the store, and what the pack says of machines made of it. */
  record Loaded(Image image, int cpus, long memoryMib) {}

  /**
   * Writes {@code output.smolmachine} and, at {@code output}, a small program; replaces what is
   * there, whole or not at all.
   *
   * @param entrypoint instead of the image's
   * @return the {@code .smolmachine} file
   */
  Path create(
      Image image,
      int cpus,
      int memoryMib,
      Optional<List<String>> entrypoint,
      Path output,
      Progress progress);

  /** Reads and proves a whole pack. Writes nothing. */
  Manifest inspect(Path pack);

  /** Reads and proves a pack, and stores its image. */
  Loaded load(Path pack, Progress progress);
}
