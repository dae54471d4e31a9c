package dev.carafe.image.pack;

import java.util.List;
import java.util.Optional;

/**
 * What a pack says about the machines that are made of it, beyond what its image says.
 *
 * @param cpus 1 to 255
 * @param memoryMib at least 1
 * @param entrypoint instead of the image's, when present
 */
public record PackDefaults(int cpus, int memoryMib, Optional<List<String>> entrypoint) {
  /** smolvm's own. */
  public static final PackDefaults SMOLVM = new PackDefaults(4, 8192, Optional.empty());

  public PackDefaults {
    entrypoint = entrypoint.map(List::copyOf);
    if (cpus < 1 || cpus > 255 || memoryMib < 1) {
      throw new dev.carafe.image.ImageException(
          "pack an image", cpus + " CPUs and " + memoryMib + " MiB make no machine");
    }
  }
}
