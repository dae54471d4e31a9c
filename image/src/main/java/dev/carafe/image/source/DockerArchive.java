package dev.carafe.image.source;

import dev.carafe.image.layer.Decompression;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarPath;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What {@code docker save} writes: a {@code manifest.json} that names a configuration and the
 * layers, uncompressed mostly (Docker image specification v1.2, "Combined Image JSON + Filesystem
 * Changeset Format").
 */
final class DockerArchive {
  private static final String GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

  private DockerArchive() {}

  static Content take(Intake intake, Spool spool) throws IOException {
    JsonNode image = onlyImage(spool);
    byte[] configFile = bytes(spool, Json.text(image, "Config"), ConfigFile.MOST_BYTES);
    ConfigFile config = ConfigFile.parse(configFile);
    config.check(intake.platform());
    List<Layer> layers = new ArrayList<>();
    JsonNode names = image.path("Layers");
    if (names.size() != config.diffIds().size() || names.size() > Manifest.MOST_LAYERS) {
      throw new BadArchiveException(
          "its configuration and its manifest.json do not have the same number of layers");
    }
    long[] done = {0};
    for (int i = 0; i < names.size(); i++) {
      Path file = file(spool, names.get(i).asString(""));
      Layer layer = layer(intake, file, config.diffIds().get(i), done);
      if (!layer.diffId().equals(config.diffIds().get(i))) {
        throw new BadArchiveException(
            "the digest of its layer "
                + (i + 1)
                + " differs: expected "
                + config.diffIds().get(i)
                + ", got "
                + layer.diffId());
      }
      layers.add(layer);
    }
    return Assembly.of(intake, configFile, config.config(), layers);
  }

  private static JsonNode onlyImage(Spool spool) throws IOException {
    JsonNode images;
    try {
      images = Json.MAPPER.readTree(bytes(spool, "manifest.json", Manifest.MOST_BYTES));
    } catch (JacksonException e) {
      throw new BadArchiveException("its manifest.json is not valid JSON", e);
    }
    if (images == null || !images.isArray() || images.isEmpty()) {
      throw new BadArchiveException("its manifest.json lists no image");
    }
    if (images.size() > 1) {
      throw new BadArchiveException(
          "it holds " + images.size() + " images; save the one that is meant by itself");
    }
    return images.get(0);
  }

  private static Layer layer(Intake intake, Path file, String diffId, long[] done)
      throws IOException {
    byte[] first;
    try (InputStream in = Files.newInputStream(file)) {
      first = in.readNBytes(6);
    }
    if (!Decompression.isCompressed(first)) {
      try (InputStream in = Files.newInputStream(file)) {
        return intake
            .blobs()
            .compress(intake.work(), in, count -> intake.progress().bytes(done[0] += count, -1));
      }
    }
    MessageDigest digest = Digests.start();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    Descriptor blob = new Descriptor(GZIP_LAYER, Digests.finish(digest), Files.size(file));
    try (InputStream in = Files.newInputStream(file)) {
      intake.blobs().put(intake.work(), blob, in, count -> {});
    }
    // The uncompressed digest is compared when the layers are merged, as for every image.
    return new Layer(blob, diffId);
  }

  private static Path file(Spool spool, String name) throws BadArchiveException {
    // JSON is UTF-8; names in archives are bytes here.
    String bytes = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    String path = String.join("/", TarPath.components(bytes));
    if (!spool.has(path)) {
      throw new BadArchiveException("it has no file " + TarPath.shown(bytes));
    }
    return spool.file(path);
  }

  private static byte[] bytes(Spool spool, String name, int limit) throws IOException {
    try (InputStream in = Files.newInputStream(file(spool, name))) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new BadArchiveException(
            "its " + TarPath.shown(name) + " is larger than " + limit + " bytes");
      }
      return bytes;
    }
  }
}
