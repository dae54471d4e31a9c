package dev.carafe.image.pack;

/**
 * A layer of a pack as it really is.
 *
 * @param stated the digest that the manifest gives it
 * @param digest {@code sha256:…} of its uncompressed tar, computed
 * @param size bytes of its uncompressed tar
 */
public record PackLayer(String stated, String digest, long size) {}
