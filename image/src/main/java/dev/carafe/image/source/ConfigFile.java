package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An image's configuration as OCI writes it.
 *
 * @param diffIds the digests of the uncompressed layers, lowest first
 */
public record ConfigFile(ImageConfig config, List<String> diffIds) {
  static final String MEDIA_TYPE = "application/vnd.oci.image.config.v1+json";

  /** Real ones have some kilobytes. */
  static final int MOST_BYTES = 4 << 20;

  /** Reads one. */
  public static ConfigFile parse(byte[] bytes) throws BadArchiveException {
    JsonNode root = Json.object(bytes, "configuration");
    JsonNode config = root.path("config");
    List<String> diffIds = strings(root.path("rootfs"), "diff_ids");
    if (!diffIds.stream().allMatch(Digests::isDigest)) {
      throw new BadArchiveException("its configuration has a layer without a SHA-256 digest");
    }
    List<String> env = new ArrayList<>(strings(config, "Env"));
    env.removeIf(variable -> variable.indexOf('=') < 1);
    String directory = string(config, "WorkingDir");
    String user = string(config, "User");
    return new ConfigFile(
        new ImageConfig(
            env,
            directory.isEmpty()
                ? Optional.empty()
                : Optional.of(directory.startsWith("/") ? directory : "/" + directory),
            user.isEmpty() ? Optional.empty() : Optional.of(user),
            strings(config, "Entrypoint"),
            strings(config, "Cmd"),
            string(root, "architecture"),
            string(root, "os")),
        diffIds);
  }

  private static String string(JsonNode object, String field) throws BadArchiveException {
    return checked(Json.text(object, field), field);
  }

  private static List<String> strings(JsonNode object, String field) throws BadArchiveException {
    List<String> strings = new ArrayList<>();
    JsonNode value = object.path(field);
    if (value.isString()) {
      strings.add(checked(value.asString(""), field)); // some tools write a single one so
    }
    for (JsonNode each : value) {
      if (!each.isString()) {
        throw new BadArchiveException("its configuration's " + field + " is not a list of strings");
      }
      strings.add(checked(each.asString(""), field));
    }
    return strings;
  }

  private static String checked(String text, String field) throws BadArchiveException {
    if (text.indexOf('\0') >= 0) {
      throw new BadArchiveException("its configuration's " + field + " contains a zero byte");
    }
    return text;
  }

  /** Refuses what the host's processor cannot run. */
  void check(Platform platform) throws BadArchiveException {
    boolean os = config.os().isEmpty() || config.os().equals(platform.os());
    boolean architecture =
        config.architecture().isEmpty() || config.architecture().equals(platform.architecture());
    if (!os || !architecture) {
      throw new BadArchiveException(
          "it is made for "
              + config.os()
              + "/"
              + config.architecture()
              + ", and machines here run "
              + platform);
    }
  }

  /** Writes one; the same for the same arguments. */
  static byte[] write(ImageConfig config, List<String> diffIds) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("architecture", config.architecture());
    root.put("os", config.os());
    ObjectNode inner = root.putObject("config");
    put(inner, "Env", config.env());
    put(inner, "Entrypoint", config.entrypoint());
    put(inner, "Cmd", config.cmd());
    config.directory().ifPresent(directory -> inner.put("WorkingDir", directory));
    config.user().ifPresent(user -> inner.put("User", user));
    ObjectNode rootfs = root.putObject("rootfs");
    rootfs.put("type", "layers");
    ArrayNode ids = rootfs.putArray("diff_ids");
    diffIds.forEach(ids::add);
    return Json.MAPPER.writeValueAsBytes(root);
  }

  /**
   * A configuration that says what {@code below} says, about an image with other layers on top.
   *
   * @param kept of how many layers the history stays, from the lowest
   * @param layers of the new image, lowest first
   * @param createdBy what made the layers that are not kept, for the history
   */
  static byte[] onTop(
      byte[] below,
      int kept,
      List<Layer> layers,
      ImageConfig config,
      Instant created,
      String createdBy)
      throws BadArchiveException {
    ObjectNode root = (ObjectNode) Json.object(below, "configuration");
    ImageConfig before = parse(below).config();
    root.put("created", created.toString());
    ObjectNode inner = root.withObject("config");
    replace(inner, "Env", before.env(), config.env());
    replace(inner, "Entrypoint", before.entrypoint(), config.entrypoint());
    replace(inner, "Cmd", before.cmd(), config.cmd());
    replace(inner, "WorkingDir", before.directory(), config.directory());
    replace(inner, "User", before.user(), config.user());
    ObjectNode rootfs = root.putObject("rootfs");
    rootfs.put("type", "layers");
    ArrayNode ids = rootfs.putArray("diff_ids");
    layers.forEach(layer -> ids.add(layer.diffId()));
    List<JsonNode> history = history(root.path("history"), kept);
    ArrayNode lines = root.putArray("history");
    history.forEach(lines::add);
    for (int i = kept; i < layers.size(); i++) {
      ObjectNode line = lines.addObject();
      line.put("created", created.toString());
      line.put("created_by", createdBy);
    }
    return Json.MAPPER.writeValueAsBytes(root);
  }

  /** The lines about the first layers: one for each, also where there were fewer, or none. */
  private static List<JsonNode> history(JsonNode before, int layers) {
    List<JsonNode> lines = new ArrayList<>();
    int described = 0;
    for (JsonNode line : before) {
      boolean empty = line.path("empty_layer").asBoolean(false);
      if (!empty && described == layers) {
        break;
      }
      described += empty ? 0 : 1;
      lines.add(line);
    }
    for (; described < layers; described++) {
      lines.add(0, Json.MAPPER.createObjectNode().put("comment", "without history"));
    }
    return lines;
  }

  private static void replace(
      ObjectNode object, String field, List<String> before, List<String> after) {
    if (!after.equals(before)) {
      object.remove(field);
      put(object, field, after);
    }
  }

  private static void replace(
      ObjectNode object, String field, Optional<String> before, Optional<String> after) {
    if (!after.equals(before)) {
      object.put(field, after.orElse(""));
    }
  }

  private static void put(ObjectNode object, String field, List<String> values) {
    if (!values.isEmpty()) {
      ArrayNode array = object.putArray(field);
      values.forEach(array::add);
    }
  }
}
