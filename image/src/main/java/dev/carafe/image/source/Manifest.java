package dev.carafe.image.source;

import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.tar.BadArchiveException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * What a manifest's digest may stand for: one image, or a choice of images (OCI image
 * specification; Docker's distribution manifest version 2, schema 2).
 */
public sealed interface Manifest {
  /** As large as registries let a manifest be. */
  int MOST_BYTES = 4 << 20;

  /** Docker itself stops at 127. */
  int MOST_LAYERS = 1_000;

  /** One image. */
  record Single(Descriptor config, List<Descriptor> layers) implements Manifest {}

  /** A choice. */
  record Index(List<Choice> choices) implements Manifest {}

  /** One of an index's manifests. */
  record Choice(
      Descriptor manifest, String os, String architecture, Map<String, String> annotations) {
    boolean hasPlatform() {
      return !os.isEmpty() || !architecture.isEmpty();
    }

    /** Signatures and attestations stand in an index beside what they are about. */
    boolean isImage() {
      return !os.equals("unknown") && !annotations.containsKey("vnd.docker.reference.type");
    }
  }

  /** The kinds of manifests that are understood, for a registry's Accept header. */
  static List<String> mediaTypes() {
    return List.of(
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json");
  }

  /** Reads a manifest of any kind; what it is, is told by what it contains. */
  static Manifest parse(byte[] bytes) throws BadArchiveException {
    JsonNode root = Json.object(bytes, "manifest");
    if (root.path("schemaVersion").asInt(0) == 1) {
      throw new BadArchiveException(
          "its manifest is of Docker's old schema 1, which is not supported; push it again with a"
              + " newer tool");
    }
    if (root.path("manifests").isArray()) {
      List<Choice> choices = new ArrayList<>();
      for (JsonNode each : root.path("manifests")) {
        choices.add(choice(each));
      }
      return new Index(choices);
    }
    if (!root.path("config").isObject() || !root.path("layers").isArray()) {
      throw new BadArchiveException("its manifest has no configuration or no layers");
    }
    List<Descriptor> layers = new ArrayList<>();
    for (JsonNode each : root.path("layers")) {
      layers.add(descriptor(each));
    }
    if (layers.size() > MOST_LAYERS) {
      throw new BadArchiveException("it has more than " + MOST_LAYERS + " layers");
    }
    return new Single(descriptor(root.path("config")), layers);
  }

  /** The kind a manifest says it is of, or what {@code manifest} must be when it does not say. */
  static String mediaType(byte[] bytes, Manifest manifest) throws BadArchiveException {
    String said = Json.text(Json.object(bytes, "manifest"), "mediaType");
    if (mediaTypes().contains(said)) {
      return said;
    }
    return switch (manifest) {
      case Index _ -> mediaTypes().get(0);
      case Single _ -> mediaTypes().get(1);
    };
  }

  private static Choice choice(JsonNode node) throws BadArchiveException {
    JsonNode platform = node.path("platform");
    Map<String, String> annotations =
        node.path("annotations").properties().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().asString("")));
    return new Choice(
        descriptor(node),
        Json.text(platform, "os"),
        Json.text(platform, "architecture"),
        annotations);
  }

  private static Descriptor descriptor(JsonNode node) throws BadArchiveException {
    String digest = Json.text(node, "digest");
    long size = node.path("size").asLong(-1);
    if (!Digests.isDigest(digest) || size < 0) {
      throw new BadArchiveException(
          "its manifest has a descriptor without a usable SHA-256 digest and size");
    }
    String mediaType = Json.text(node, "mediaType");
    return new Descriptor(
        mediaType.length() > 255 || mediaType.chars().anyMatch(c -> c < ' ' || c > '~')
            ? "application/octet-stream"
            : mediaType,
        digest,
        size);
  }

  /** The choice for {@code platform}. */
  static Descriptor choose(Index index, Platform platform) throws BadArchiveException {
    List<Choice> images = index.choices().stream().filter(Choice::isImage).toList();
    Optional<Choice> match =
        images.stream()
            .filter(
                c ->
                    c.os().equals(platform.os())
                        && c.architecture().equals(platform.architecture()))
            .findFirst();
    if (match.isPresent()) {
      return match.get().manifest();
    }
    // Tools that write layouts often leave the platform out; the configuration is checked anyway.
    if (images.size() == 1 && !images.getFirst().hasPlatform()) {
      return images.getFirst().manifest();
    }
    throw new BadArchiveException(
        "it is not made for "
            + platform
            + "; it offers "
            + (images.isEmpty()
                ? "nothing"
                : images.stream()
                    .map(c -> c.hasPlatform() ? c.os() + "/" + c.architecture() : "an unnamed one")
                    .distinct()
                    .limit(20)
                    .collect(Collectors.joining(", "))));
  }
}
