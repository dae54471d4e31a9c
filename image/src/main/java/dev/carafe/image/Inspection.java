package dev.carafe.image;

import dev.carafe.image.source.ConfigFile;
import dev.carafe.image.source.Manifest;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.ImageRecord;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Reads an image's own manifest and configuration again, for a closer look. */
final class Inspection {
  private Inspection() {}

  static ImageDetails of(Blobs blobs, ImageRecord record, Image image) throws IOException {
    if (!(Manifest.parse(blobs.read(record.manifest(), Manifest.MOST_BYTES))
        instanceof Manifest.Single manifest)) {
      throw new IOException("its manifest is not one of an image");
    }
    ConfigFile config;
    try (InputStream in = blobs.open(record.configDigest())) {
      config = ConfigFile.parse(in.readAllBytes()); // compared and limited when it came in
    }
    List<ImageDetails.Layer> layers = new ArrayList<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      Descriptor layer = manifest.layers().get(i);
      layers.add(
          new ImageDetails.Layer(
              layer.digest(), layer.mediaType(), layer.size(), config.diffIds().get(i)));
    }
    return new ImageDetails(image, record.manifest().mediaType(), record.configDigest(), layers);
  }
}
