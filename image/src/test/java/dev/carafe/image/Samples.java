package dev.carafe.image;

import dev.carafe.image.testing.Tars;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Images as other tools write them, written by hand. */
final class Samples {
  private Samples() {}

  static byte[] rootFilesystem() {
    return Tars.tar(
        Tars.directory("./"),
        Tars.directory("./etc"),
        Tars.file("./etc/name", "sample"),
        Tars.file("./bin/tool", "#!/bin/sh").mode(0755));
  }

  static String digest(byte[] bytes) {
    try {
      return "sha256:" + hex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  static byte[] config(String architecture, List<byte[]> layers) {
    List<String> ids = layers.stream().map(layer -> '"' + digest(layer) + '"').toList();
    return utf8(
        """
        {"architecture":"%s","os":"linux","config":{"Env":["A=1"],"WorkingDir":"/w","User":"u:g",
        "Entrypoint":["/e"],"Cmd":["c","d"]},"rootfs":{"type":"layers","diff_ids":[%s]}}"""
            .formatted(architecture, String.join(",", ids)));
  }

  /** What docker save wrote before it wrote OCI layouts: names first, description last. */
  static byte[] dockerArchive(String architecture, byte[]... layers) {
    byte[] config = config(architecture, List.of(layers));
    Map<String, byte[]> files = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    for (byte[] layer : layers) {
      String name = digest(layer).substring(7) + "/layer.tar";
      files.put(name, layer);
      names.add('"' + name + '"');
    }
    files.put("config.json", config);
    files.put(
        "manifest.json",
        utf8(
            "[{\"Config\":\"config.json\",\"RepoTags\":[\"debian:12\"],\"Layers\":["
                + String.join(",", names)
                + "]}]"));
    return Tars.tarOf(files);
  }

  /** The files of an OCI layout. */
  static Map<String, byte[]> layout(byte[] config, byte[]... layers) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("oci-layout", utf8("{\"imageLayoutVersion\":\"1.0.0\"}"));
    List<String> descriptors = new ArrayList<>();
    for (byte[] layer : layers) {
      files.put(blob(layer), layer);
      descriptors.add(descriptor("application/vnd.oci.image.layer.v1.tar", layer));
    }
    files.put(blob(config), config);
    byte[] manifest =
        utf8(
            "{\"schemaVersion\":2,\"config\":"
                + descriptor("application/vnd.oci.image.config.v1+json", config)
                + ",\"layers\":["
                + String.join(",", descriptors)
                + "]}");
    files.put(blob(manifest), manifest);
    files.put(
        "index.json",
        utf8(
            "{\"schemaVersion\":2,\"manifests\":["
                + descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
                + "]}"));
    return files;
  }

  static String blob(byte[] bytes) {
    return "blobs/sha256/" + digest(bytes).substring(7);
  }

  static String descriptor(String mediaType, byte[] bytes) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(mediaType, digest(bytes), bytes.length);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
