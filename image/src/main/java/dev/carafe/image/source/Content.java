package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Layer;
import java.util.List;

/** An image whose blobs are all in the store. */
public record Content(
    Descriptor manifest, Descriptor config, ImageConfig imageConfig, List<Layer> layers) {
  public Content {
    layers = List.copyOf(layers);
  }
}
