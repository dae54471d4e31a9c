package dev.carafe.image.pack;

import dev.carafe.image.pack.PackManifest.Asset;
import dev.carafe.image.pack.PackManifest.Layer;
import dev.carafe.image.pack.PackManifest.Mode;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarPath;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The manifest of a pack as JSON, read field by field so that whatever is wrong can be named.
 * Fields that are not known are passed over: newer releases of smolvm add some.
 */
final class ManifestJson {
  /** More than an image has, and few enough that each may have a file of its own. */
  static final int MAX_LAYERS = 1024;

  /** No image may be larger when unpacked: that is the size of the disk it becomes. */
  static final long MAX_LAYER_BYTES = dev.carafe.image.Image.DISK_BYTES;

  private static final int MAX_LIST = 10_000;
  private static final int MAX_TEXT = 1 << 20;

  /** A manifest of a thousand layers has a few thousand tokens; the limit bounds the heap. */
  private static final int MAX_TOKENS = 200_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(32)
                          .maxTokenCount(MAX_TOKENS)
                          .maxNameLength(4096)
                          .maxNumberLength(40)
                          .maxStringLength(MAX_TEXT)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private ManifestJson() {}

  static PackManifest parse(byte[] json) throws PackException {
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JacksonException e) {
      throw new PackException("its manifest is not well-formed JSON");
    }
    if (root == null || !root.isObject()) {
      throw new PackException("its manifest is not a JSON object");
    }
    JsonNode assets = root.path("assets");
    if (!assets.isObject()) {
      throw wrong("assets", "is missing");
    }
    Mode mode =
        switch (text(root, "mode", "container")) {
          case "container" -> Mode.CONTAINER;
          case "vm" -> Mode.VM;
          default -> throw wrong("mode", "is neither 'container' nor 'vm'");
        };
    Set<String> paths = new HashSet<>();
    List<Layer> layers = new ArrayList<>();
    long sum = 0;
    for (JsonNode layer : list(assets, "layers", MAX_LAYERS)) {
      // An image may have the same layer twice (an empty one, for example); it is stored once.
      boolean again = layers.stream().anyMatch(l -> same(layer, l));
      Asset file = asset(layer, "layers", again ? new HashSet<>() : paths);
      String digest = text(layer, "digest", null);
      if (!digest.matches("(sha256:)?[0-9a-fA-F]{12,64}")) {
        throw wrong("layers", "has " + TarPath.shown(digest) + ", which is not a digest");
      }
      sum += file.size();
      if (sum > MAX_LAYER_BYTES) {
        throw wrong("layers", "has more than 64 GiB of layers");
      }
      layers.add(new Layer(digest, file.path(), file.size()));
    }
    List<Asset> libraries = new ArrayList<>();
    for (JsonNode library : list(assets, "libraries", MAX_LIST)) {
      libraries.add(asset(library, "libraries", paths));
    }
    String workdir = text(root, "workdir", "");
    if (!workdir.isEmpty() && !workdir.startsWith("/")) {
      throw wrong("workdir", "is not an absolute path");
    }
    JsonNode secrets = root.path("secret_refs");
    return new PackManifest(
        mode,
        text(root, "image", null),
        text(root, "digest", null),
        text(root, "platform", null),
        texts(root, "entrypoint"),
        texts(root, "cmd"),
        variables(root),
        optional(workdir),
        optional(text(root, "user", "")),
        (int) number(root, "cpus", 1, 255, null),
        number(root, "mem", 1, 0xffff_ffffL, null),
        number(root, "image_size", 0, Long.MAX_VALUE, 0L),
        flag(root, "network"),
        flag(root, "gpu"),
        text(root, "host_platform", ""),
        text(root, "created", ""),
        text(root, "smolvm_version", ""),
        !secrets.isMissingNode() && !secrets.isNull() && !secrets.isEmpty(),
        libraries,
        asset(assets.path("agent_rootfs"), "agent_rootfs", paths),
        layers,
        optionalAsset(assets, "storage_template", paths),
        optionalAsset(assets, "overlay_template", paths));
  }

  static byte[] format(PackManifest manifest) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("mode", manifest.mode() == Mode.VM ? "vm" : "container");
    root.put("image", manifest.image());
    root.put("digest", manifest.digest());
    root.put("platform", manifest.platform());
    put(root, "entrypoint", manifest.entrypoint());
    put(root, "cmd", manifest.cmd());
    put(root, "env", manifest.env());
    manifest.workdir().ifPresent(path -> root.put("workdir", path));
    manifest.user().ifPresent(name -> root.put("user", name));
    root.put("cpus", manifest.cpus());
    root.put("mem", manifest.mem());
    root.put("image_size", manifest.imageSize());
    root.put("network", manifest.network());
    root.put("gpu", manifest.gpu());
    root.put("host_platform", manifest.hostPlatform());
    root.put("created", manifest.created());
    root.put("smolvm_version", manifest.smolvmVersion());
    ObjectNode assets = root.putObject("assets");
    ArrayNode libraries = assets.putArray("libraries");
    manifest.libraries().forEach(library -> put(libraries.addObject(), library));
    put(assets.putObject("agent_rootfs"), manifest.agentRootfs());
    ArrayNode layers = assets.putArray("layers");
    for (Layer layer : manifest.layers()) {
      ObjectNode node = layers.addObject().put("digest", layer.digest());
      put(node, new Asset(layer.path(), layer.size()));
    }
    manifest.storageTemplate().ifPresent(a -> put(assets.putObject("storage_template"), a));
    manifest.overlayTemplate().ifPresent(a -> put(assets.putObject("overlay_template"), a));
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }

  private static void put(ObjectNode node, Asset asset) {
    node.put("path", asset.path()).put("size", asset.size());
  }

  private static void put(ObjectNode node, String field, List<String> values) {
    ArrayNode array = node.putArray(field);
    values.forEach(array::add);
  }

  private static Optional<Asset> optionalAsset(JsonNode assets, String field, Set<String> paths)
      throws PackException {
    JsonNode node = assets.path(field);
    return node.isMissingNode() || node.isNull()
        ? Optional.empty()
        : Optional.of(asset(node, field, paths));
  }

  private static Asset asset(JsonNode node, String field, Set<String> paths) throws PackException {
    if (!node.isObject()) {
      throw wrong(field, "is missing or not an object");
    }
    String path = text(node, "path", null);
    String plain;
    try {
      plain = String.join("/", TarPath.relative(path));
    } catch (BadArchiveException e) {
      throw wrong(field, "names a file it must not: " + e.getMessage());
    }
    boolean printable = path.chars().allMatch(c -> c > ' ' && c < 0x7f);
    if (plain.isEmpty() || !plain.equals(path) || path.length() > 255 || !printable) {
      throw wrong(field, "names " + TarPath.shown(path) + ", which is not a plain relative path");
    }
    if (!paths.add(path)) {
      throw wrong(field, "names " + TarPath.shown(path) + " a second time");
    }
    return new Asset(path, number(node, "size", 0, Long.MAX_VALUE, null));
  }

  private static boolean same(JsonNode node, Layer layer) {
    return node.path("path").asString("").equals(layer.path())
        && node.path("digest").asString("").equals(layer.digest())
        && node.path("size").asLong(-1) == layer.size();
  }

  private static List<String> variables(JsonNode root) throws PackException {
    List<String> variables = texts(root, "env");
    for (String variable : variables) {
      if (variable.indexOf('=') < 1) {
        throw wrong("env", "has an entry that is not NAME=value");
      }
    }
    return variables;
  }

  private static List<String> texts(JsonNode node, String field) throws PackException {
    List<String> values = new ArrayList<>();
    for (JsonNode value : list(node, field, MAX_LIST)) {
      if (!value.isString() || value.stringValue().indexOf('\0') >= 0) {
        throw wrong(field, "has an entry that is not text");
      }
      values.add(value.stringValue());
    }
    return values;
  }

  private static Iterable<JsonNode> list(JsonNode node, String field, int most)
      throws PackException {
    JsonNode value = node.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return List.of();
    }
    if (!value.isArray()) {
      throw wrong(field, "is not a list");
    }
    if (value.size() > most) {
      throw wrong(field, "has more than " + most + " entries");
    }
    return value;
  }

  private static String text(JsonNode node, String field, String otherwise) throws PackException {
    JsonNode value = node.path(field);
    if (value.isMissingNode() || value.isNull()) {
      if (otherwise == null) {
        throw wrong(field, "is missing");
      }
      return otherwise;
    }
    if (!value.isString() || value.stringValue().indexOf('\0') >= 0) {
      throw wrong(field, "is not text");
    }
    return value.stringValue();
  }

  private static long number(JsonNode node, String field, long least, long most, Long otherwise)
      throws PackException {
    JsonNode value = node.path(field);
    if (value.isMissingNode() || value.isNull()) {
      if (otherwise == null) {
        throw wrong(field, "is missing");
      }
      return otherwise;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw wrong(field, "is not a whole number in range");
    }
    long number = value.longValue();
    if (number < least || number > most) {
      throw wrong(field, "is " + number + ", not " + least + " to " + most);
    }
    return number;
  }

  private static boolean flag(JsonNode node, String field) throws PackException {
    JsonNode value = node.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return false;
    }
    if (!value.isBoolean()) {
      throw wrong(field, "is neither true nor false");
    }
    return value.booleanValue();
  }

  private static Optional<String> optional(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  private static PackException wrong(String field, String how) {
    return new PackException("its manifest is wrong: '" + field + "' " + how);
  }
}
