package dev.carafe.image.layer;

import dev.carafe.image.Image;

/**
 * What an image may use up at most. Everything that comes out of an archive is measured against
 * these before it is kept.
 *
 * @param bytes of all layers together, uncompressed, and of all files together, holes included
 * @param entries of all layers together
 * @param indexBytes estimated heap for the merged tree, so that an absurd image ends in a message
 *     and not in a full heap
 */
public record Limits(long bytes, int entries, long indexBytes) {
  /** Room that the squashfs needs on its disk for what is not file contents. */
  private static final long HEADROOM = 2L << 30;

  /**
   * The product's limits: an image fits on its disk, 5 million entries, half of this JVM's heap.
   */
  public static Limits standard() {
    return new Limits(Image.DISK_BYTES - HEADROOM, 5_000_000, Runtime.getRuntime().maxMemory() / 2);
  }
}
