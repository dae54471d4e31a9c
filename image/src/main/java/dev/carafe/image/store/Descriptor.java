package dev.carafe.image.store;

/**
 * What OCI calls a descriptor: a blob by kind, digest and size.
 *
 * @param digest {@code sha256:…}
 * @param size bytes, not negative
 */
public record Descriptor(String mediaType, String digest, long size) {
  public Descriptor {
    if (!Digests.isDigest(digest) || size < 0) {
      throw new IllegalArgumentException("not a descriptor: " + digest + ", " + size);
    }
  }
}
