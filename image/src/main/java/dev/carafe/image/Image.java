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
 * @param bytes what the squashfs takes on disk
 * @param layers the digests of its layers as stored, lowest first
 */
public record Image(
    String digest,
    List<String> names,
    ImageConfig config,
    Path rootfs,
    long bytes,
    List<String> layers,
    Instant created) {

  /**
   * The apparent size of every rootfs file. One fixed size, because a machine that is restored from
   * a template has already asked its disk for its size.
   */
  public static final long DISK_BYTES = 64L << 30;

  public Image {
    names = List.copyOf(names);
    layers = List.copyOf(layers);
  }
}
