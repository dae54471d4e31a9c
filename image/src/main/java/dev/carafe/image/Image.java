package dev.carafe.image;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * An image in the store, ready to be a machine's root.
 *
 * @param digest {@code sha256:…} of its manifest
 * @param names the references that name it in this store, sorted; may be empty
 * @param rootfs its squashfs, read-only, as a sparse file of {@link #DISK_BYTES}
 * @param deltas what stands on it, lowest first, at most {@link #MOST_DELTAS}: such files too, with
 *     the whiteouts of Linux's overlay file system
 * @param bytes what these files take on disk; other images may share them
 * @param layers the digests of its layers as stored, lowest first
 */
public record Image(
    String digest,
    List<String> names,
    ImageConfig config,
    Path rootfs,
    List<Path> deltas,
    long bytes,
    List<String> layers,
    Instant created) {

  /**
   * The apparent size of every rootfs file. One fixed size, because a machine that is restored from
   * a template has already asked its disk for its size.
   */
  public static final long DISK_BYTES = 64L << 30;

  /** How many deltas an image may have: machines have so many disks for them. */
  public static final int MOST_DELTAS = 3;

  public Image {
    names = List.copyOf(names);
    deltas = List.copyOf(deltas);
    layers = List.copyOf(layers);
  }

  /** An image of one squashfs. */
  public Image(
      String digest,
      List<String> names,
      ImageConfig config,
      Path rootfs,
      long bytes,
      List<String> layers,
      Instant created) {
    this(digest, names, config, rootfs, List.of(), bytes, layers, created);
  }
}
