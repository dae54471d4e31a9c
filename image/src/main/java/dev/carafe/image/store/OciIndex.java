package dev.carafe.image.store;

import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code index.json} of the store, by which other tools can read it (OCI image layout). Carafe
 * itself never reads it.
 */
final class OciIndex {
  private static final String NAME = "org.opencontainers.image.ref.name";

  /** What the specification lets a name be. */
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9]+([-._:@/+][A-Za-z0-9]+)*");

  private static final JsonMapper JSON = new JsonMapper();

  private OciIndex() {}

  static byte[] write(List<ImageRecord> images) {
    ObjectNode index = JSON.createObjectNode();
    index.put("schemaVersion", 2);
    index.put("mediaType", "application/vnd.oci.image.index.v1+json");
    ArrayNode manifests = index.putArray("manifests");
    for (ImageRecord image : images) {
      List<String> names =
          image.names().stream().filter(name -> ALLOWED.matcher(name).matches()).toList();
      if (names.isEmpty()) {
        descriptor(manifests, image);
      }
      for (String name : names) {
        descriptor(manifests, image).putObject("annotations").put(NAME, name);
      }
    }
    return JSON.writeValueAsBytes(index);
  }

  private static ObjectNode descriptor(ArrayNode manifests, ImageRecord image) {
    ObjectNode descriptor = manifests.addObject();
    descriptor.put("mediaType", image.manifest().mediaType());
    descriptor.put("digest", image.manifest().digest());
    descriptor.put("size", image.manifest().size());
    return descriptor;
  }
}
