package dev.carafe.image.source;

import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The small files of an archive of one image, by which others find its blobs: an OCI image layout's
 * (image-layout.md of the OCI image specification), and Docker's for the same blobs (Docker image
 * specification v1.2).
 */
public final class ArchiveIndex {
  /** Of {@code oci-layout}. */
  public static final byte[] LAYOUT =
      "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8);

  /** What the specification lets a name be. */
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9]+([-._:@/+][A-Za-z0-9]+)*");

  /** What Docker lets one be; nothing with a digest. */
  private static final Pattern TAGGED =
      Pattern.compile("[a-z0-9]+([-._/:][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

  private ArchiveIndex() {}

  /** Where the blob with this digest is. */
  public static String path(String digest) {
    return "blobs/" + digest.replace(':', '/');
  }

  /** The configuration of an image of the store. */
  public static Descriptor config(Blobs blobs, ImageRecord image) throws IOException {
    if (!(Manifest.parse(blobs.read(image.manifest(), Manifest.MOST_BYTES))
        instanceof Manifest.Single manifest)) {
      throw new BadArchiveException("its manifest is not one of an image");
    }
    return manifest.config();
  }

  /** {@code index.json}. */
  public static byte[] oci(Descriptor of, Optional<String> name) {
    ObjectNode index = Json.MAPPER.createObjectNode();
    index.put("schemaVersion", 2);
    index.put("mediaType", "application/vnd.oci.image.index.v1+json");
    ObjectNode manifest = index.putArray("manifests").addObject();
    manifest.put("mediaType", of.mediaType());
    manifest.put("digest", of.digest());
    manifest.put("size", of.size());
    name.filter(given -> ALLOWED.matcher(given).matches())
        .ifPresent(
            given ->
                manifest.putObject("annotations").put("org.opencontainers.image.ref.name", given));
    return Json.MAPPER.writeValueAsBytes(index);
  }

  /** {@code manifest.json}. */
  public static byte[] docker(Descriptor config, List<Layer> layers, Optional<String> name) {
    ArrayNode images = Json.MAPPER.createArrayNode();
    ObjectNode only = images.addObject();
    only.put("Config", path(config.digest()));
    ArrayNode tags = only.putArray("RepoTags");
    name.filter(given -> TAGGED.matcher(given).matches()).ifPresent(tags::add);
    ArrayNode files = only.putArray("Layers");
    layers.forEach(layer -> files.add(path(layer.blob().digest())));
    return Json.MAPPER.writeValueAsBytes(images);
  }
}
