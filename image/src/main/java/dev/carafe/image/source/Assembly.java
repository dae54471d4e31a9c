package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Layer;
import java.io.IOException;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes the manifest and configuration that an image from a source without them needs. */
public final class Assembly {
  /** The kind of manifest that is written here. */
  public static final String MANIFEST = Manifest.mediaTypes().get(1);

  private Assembly() {}

  /**
   * An image of {@code layers}, lowest first; the same layers and configuration give the same one.
   */
  public static Content of(Intake intake, ImageConfig config, List<Layer> layers)
      throws IOException {
    byte[] file = ConfigFile.write(config, layers.stream().map(Layer::diffId).toList());
    return of(intake, file, config, layers);
  }

  /** The same with a configuration that is there already. */
  static Content of(Intake intake, byte[] configFile, ImageConfig config, List<Layer> layers)
      throws IOException {
    Descriptor configBlob = intake.blobs().put(intake.work(), ConfigFile.MEDIA_TYPE, configFile);
    byte[] manifest = manifest(configBlob, layers);
    return new Content(
        intake.blobs().put(intake.work(), MANIFEST, manifest), configBlob, config, layers);
  }

  /** The manifest of an image of {@code layers}, lowest first. */
  public static byte[] manifest(Descriptor config, List<Layer> layers) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("schemaVersion", 2);
    root.put("mediaType", MANIFEST);
    describe(root.putObject("config"), config);
    ArrayNode array = root.putArray("layers");
    layers.forEach(layer -> describe(array.addObject(), layer.blob()));
    return Json.MAPPER.writeValueAsBytes(root);
  }

  private static void describe(ObjectNode object, Descriptor blob) {
    object.put("mediaType", blob.mediaType());
    object.put("digest", blob.digest());
    object.put("size", blob.size());
  }
}
