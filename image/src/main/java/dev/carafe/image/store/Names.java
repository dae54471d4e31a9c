package dev.carafe.image.store;

import dev.carafe.image.disk.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which image a reference names: one small file per name. A file's name is the reference with
 * everything but letters, digits, {@code -}, {@code _} and {@code .} escaped; only what would be
 * too long for a file system is a digest instead, because making a digest costs a start more than
 * all the rest of finding an image.
 */
final class Names {
  private static final String FIRST_LINE = "carafe-name 1";
  private static final int MOST_BYTES = 16_384;
  private static final int MOST_ESCAPED = 200;

  /**
   * A name and what it stands for.
   *
   * @param stamp what the file that it was imported from looked like; empty for other sources
   */
  record Entry(String name, String digest, String stamp) {}

  private final Path directory;

  Names(Path directory) {
    this.directory = directory;
  }

  Optional<Entry> read(String name) throws IOException {
    // Two names share a file only if their digests collide, but a damaged file proves nothing.
    return readFile(file(name)).filter(entry -> entry.name().equals(name));
  }

  private static Optional<Entry> readFile(Path file) throws IOException {
    String[] lines;
    try {
      if (Files.size(file) > MOST_BYTES) {
        return Optional.empty();
      }
      lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n", -1);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    return lines.length == 5 && lines[0].equals(FIRST_LINE) && Digests.isDigest(lines[2])
        ? Optional.of(new Entry(lines[1], lines[2], lines[3]))
        : Optional.empty();
  }

  void write(Entry entry) throws IOException {
    String text = String.join("\n", FIRST_LINE, entry.name(), entry.digest(), entry.stamp(), "");
    Durable.write(file(entry.name()), text.getBytes(StandardCharsets.UTF_8));
  }

  void delete(String name) throws IOException {
    Files.deleteIfExists(file(name));
    Durable.flushDirectory(directory);
  }

  List<Entry> all() throws IOException {
    List<Entry> all = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "[!.]*")) {
      for (Path file : files) {
        readFile(file).ifPresent(all::add);
      }
    }
    return all;
  }

  private Path file(String name) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          b >= 'a' && b <= 'z'
              || b >= 'A' && b <= 'Z'
              || b >= '0' && b <= '9'
              || b == '-'
              || b == '_'
              || b == '.' && !escaped.isEmpty();
      if (plain) {
        escaped.append((char) b);
      } else {
        escaped
            .append('%')
            .append(Character.forDigit(b >> 4 & 15, 16))
            .append(Character.forDigit(b & 15, 16));
      }
    }
    return directory.resolve(
        escaped.length() <= MOST_ESCAPED
            ? escaped.toString()
            : "%" + Digests.hex(Digests.of(name.getBytes(StandardCharsets.UTF_8))));
  }
}
