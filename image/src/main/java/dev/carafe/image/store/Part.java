package dev.carafe.image.store;

/**
 * One of the squashfs files that an image's root filesystem is stacked from. Images may share it.
 *
 * @param key names the file; {@code sha256:…}
 * @param bytes of the squashfs, without the hole at its end
 * @param layers how many of the image's layers are in it
 */
public record Part(String key, long bytes, int layers) {
  public Part {
    if (!Digests.isDigest(key) || bytes < 0 || layers < 0) {
      throw new IllegalArgumentException("not a part: " + key + ", " + bytes + ", " + layers);
    }
  }
}
