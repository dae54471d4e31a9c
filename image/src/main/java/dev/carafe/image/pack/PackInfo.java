package dev.carafe.image.pack;

import java.util.List;

/**
 * A pack that was read from beginning to end and found right.
 *
 * @param version of its format, 1 to 3
 * @param bytes of the whole file
 * @param digest {@code sha256:…} of its assets and manifest
 * @param layers lowest first
 */
public record PackInfo(
    PackManifest manifest, int version, long bytes, String digest, List<PackLayer> layers) {
  public PackInfo {
    layers = List.copyOf(layers);
  }
}
