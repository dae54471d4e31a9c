package dev.carafe.image;

import java.util.List;

/**
 * All that is known of an image, for people and tools that look closely.
 *
 * @param mediaType of its manifest
 * @param configDigest of its configuration
 * @param layers lowest first
 */
public record ImageDetails(Image image, String mediaType, String configDigest, List<Layer> layers) {

  /**
   * A layer as the store keeps it.
   *
   * @param digest of the blob
   * @param size of the blob, in bytes
   * @param diffId the digest of the uncompressed tar
   */
  public record Layer(String digest, String mediaType, long size, String diffId) {}

  public ImageDetails {
    layers = List.copyOf(layers);
  }
}
