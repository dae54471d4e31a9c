package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Describes an image that is one of the store with more on top. */
public final class Stacking {
  /** What Docker called what OCI took over. */
  private static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

  private static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

  private Stacking() {}

  /** The layers of an image of the store, lowest first. */
  public static List<Layer> layers(Blobs blobs, ImageRecord record) throws IOException {
    if (!(Manifest.parse(blobs.read(record.manifest(), Manifest.MOST_BYTES))
        instanceof Manifest.Single manifest)) {
      throw new BadArchiveException("its manifest is not one of an image");
    }
    ConfigFile config = ConfigFile.parse(blobs.read(manifest.config(), ConfigFile.MOST_BYTES));
    if (config.diffIds().size() != manifest.layers().size()) {
      throw new BadArchiveException(
          "its configuration and its manifest do not have the same number of layers");
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      layers.add(new Layer(manifest.layers().get(i), config.diffIds().get(i)));
    }
    return layers;
  }

  /**
   * Writes the manifest and configuration of an image on top of {@code below}.
   *
   * @param kept how many of the layers below are among {@code layers}, from the lowest
   * @param layers of the new image, lowest first, all in the store
   * @param config what differs from the configuration below takes its place; all else stays
   * @param createdBy what made the other layers, for the image's history
   */
  public static Content onTop(
      Intake intake,
      ImageRecord below,
      int kept,
      List<Layer> layers,
      ImageConfig config,
      Instant created,
      String createdBy)
      throws IOException {
    if (layers.size() > Manifest.MOST_LAYERS) {
      throw new BadArchiveException("it would have more than " + Manifest.MOST_LAYERS + " layers");
    }
    byte[] before;
    try (var in = intake.blobs().open(below.configDigest())) {
      before = in.readNBytes(ConfigFile.MOST_BYTES); // compared and limited when it came in
    }
    byte[] file = ConfigFile.onTop(before, kept, layers, config, created, createdBy);
    return Assembly.of(
        intake,
        file,
        ConfigFile.parse(file).config(),
        layers.stream().map(Stacking::ofOci).toList());
  }

  /** The manifest will be OCI's, whatever the image below came with. */
  private static Layer ofOci(Layer layer) {
    Descriptor blob = layer.blob();
    String type =
        switch (blob.mediaType()) {
          case DOCKER_LAYER -> OCI_LAYER;
          case DOCKER_LAYER + ".gzip" -> OCI_LAYER + "+gzip";
          case DOCKER_LAYER + ".zstd" -> OCI_LAYER + "+zstd";
          default -> blob.mediaType();
        };
    return new Layer(new Descriptor(type, blob.digest(), blob.size()), layer.diffId());
  }
}
