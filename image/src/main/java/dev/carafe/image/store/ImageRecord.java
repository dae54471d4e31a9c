package dev.carafe.image.store;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.disk.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the store keeps of an image beside its blobs: all that a start needs, in one small file. It
 * is read on the way of every start, so it is lines of {@code key value} and needs no JSON parser;
 * a backslash escapes itself ({@code \\}) and line ends ({@code \n}, {@code \r}); the last line is
 * {@code end}.
 *
 * @param manifest the manifest's blob, whose digest is the image's
 * @param configDigest of the configuration's blob
 * @param parts what its root filesystem is stacked from, lowest first: one squashfs, or one and
 *     deltas on top of it
 * @param names that name the image, sorted
 */
public record ImageRecord(
    Descriptor manifest,
    String configDigest,
    List<Part> parts,
    Instant created,
    ImageConfig config,
    List<String> layers,
    List<String> names) {
  private static final String FIRST_LINE = "carafe-image 1";
  private static final int MOST_BYTES = 8 << 20;

  public ImageRecord {
    parts = List.copyOf(parts);
    layers = List.copyOf(layers);
    names = names.stream().sorted().distinct().toList();
  }

  /** What all parts take on disk. */
  public long bytes() {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  /** Whether it is one squashfs of its own, as all images but those made on others are. */
  private boolean isPlain() {
    return parts.size() == 1 && parts.getFirst().key().equals(manifest.digest());
  }

  ImageRecord withNames(List<String> others) {
    return new ImageRecord(manifest, configDigest, parts, created, config, layers, others);
  }

  /** Reads a record; empty when it is not there. */
  static Optional<ImageRecord> read(Path file) throws IOException {
    byte[] content;
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw corrupt(file);
      }
      content = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try {
      return Optional.of(parse(new String(content, StandardCharsets.UTF_8)));
    } catch (RuntimeException e) {
      throw corrupt(file);
    }
  }

  private static IOException corrupt(Path file) {
    return new IOException(
        "the record " + file + " is damaged; remove it and pull or import the image again");
  }

  private static ImageRecord parse(String text) {
    String[] lines = text.split("\n");
    if (!lines[0].equals(FIRST_LINE) || !lines[lines.length - 1].equals("end")) {
      throw new IllegalArgumentException("not a whole record");
    }
    String digest = "";
    String mediaType = "";
    String configDigest = "";
    long size = -1;
    long bytes = -1;
    Instant created = Instant.EPOCH;
    String architecture = "";
    String os = "";
    Optional<String> directory = Optional.empty();
    Optional<String> user = Optional.empty();
    List<String> env = new ArrayList<>();
    List<String> entrypoint = new ArrayList<>();
    List<String> cmd = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    List<String> layers = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 1; i < lines.length - 1; i++) {
      int space = lines[i].indexOf(' ');
      String value = unescape(lines[i].substring(space + 1));
      switch (lines[i].substring(0, space)) {
        case "digest" -> digest = value;
        case "media-type" -> mediaType = value;
        case "config" -> configDigest = value;
        case "size" -> size = Long.parseLong(value);
        case "bytes" -> bytes = Long.parseLong(value);
        case "part" -> parts.add(part(value.split(" ")));
        case "created" -> created = Instant.ofEpochMilli(Long.parseLong(value));
        case "architecture" -> architecture = value;
        case "os" -> os = value;
        case "directory" -> directory = Optional.of(value);
        case "user" -> user = Optional.of(value);
        case "env" -> env.add(value);
        case "entrypoint" -> entrypoint.add(value);
        case "cmd" -> cmd.add(value);
        case "layer" -> layers.add(value);
        case "name" -> names.add(value);
        default -> throw new IllegalArgumentException("unknown line");
      }
    }
    if (parts.isEmpty()) {
      parts.add(new Part(digest, bytes, layers.size()));
    }
    return new ImageRecord(
        new Descriptor(mediaType, digest, size),
        configDigest,
        parts,
        created,
        new ImageConfig(env, directory, user, entrypoint, cmd, architecture, os),
        layers,
        names);
  }

  private static Part part(String[] words) {
    return new Part(words[0], Long.parseLong(words[1]), Integer.parseInt(words[2]));
  }

  void write(Path file) throws IOException {
    StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
    line(text, "digest", manifest.digest());
    line(text, "media-type", manifest.mediaType());
    line(text, "size", Long.toString(manifest.size()));
    line(text, "config", configDigest);
    if (isPlain()) {
      line(text, "bytes", Long.toString(bytes()));
    } else {
      parts.forEach(p -> line(text, "part", p.key() + " " + p.bytes() + " " + p.layers()));
    }
    line(text, "created", Long.toString(created.toEpochMilli()));
    line(text, "architecture", config.architecture());
    line(text, "os", config.os());
    config.directory().ifPresent(value -> line(text, "directory", value));
    config.user().ifPresent(value -> line(text, "user", value));
    config.env().forEach(value -> line(text, "env", value));
    config.entrypoint().forEach(value -> line(text, "entrypoint", value));
    config.cmd().forEach(value -> line(text, "cmd", value));
    layers.forEach(value -> line(text, "layer", value));
    names.forEach(value -> line(text, "name", value));
    Durable.write(file, text.append("end\n").toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void line(StringBuilder text, String key, String value) {
    text.append(key)
        .append(' ')
        .append(value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r"))
        .append('\n');
  }

  private static String unescape(String value) {
    if (value.indexOf('\\') < 0) {
      return value;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c != '\\') {
        text.append(c);
      } else {
        char escaped = value.charAt(++i);
        text.append(escaped == 'n' ? '\n' : escaped == 'r' ? '\r' : escaped);
      }
    }
    return text.toString();
  }
}
