package dev.carafe.image.store;

/**
 * A layer as it is kept.
 *
 * @param blob as it came, mostly compressed
 * @param diffId the digest of its uncompressed tar
 */
public record Layer(Descriptor blob, String diffId) {}
