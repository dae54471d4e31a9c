package dev.carafe.image.source;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarPath;
import dev.carafe.image.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of an image archive, set down in the work directory under numbers, because what
 * describes them often comes last. No name from the archive ever becomes a file's name.
 */
final class Spool {
  private static final int MOST_FILES = 20_000;

  /** Links to links; saved images have at most one step. */
  private static final int MOST_STEPS = 8;

  private final Map<String, Path> files = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();
  private final Path missing;

  private Spool(Path missing) {
    this.missing = missing;
  }

  static Spool read(Intake intake, InputStream archive) throws IOException {
    Spool spool = new Spool(intake.work().newFile());
    TarReader reader = new TarReader(archive);
    long bytes = 0;
    int count = 0;
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      if (++count > MOST_FILES) {
        throw new BadArchiveException("it has more than " + MOST_FILES + " files");
      }
      String name = String.join("/", TarPath.components(entry.name()));
      switch (entry.type()) {
        case FILE -> {
          bytes += entry.size();
          if (entry.size() > intake.limits().bytes() || bytes > intake.limits().bytes()) {
            throw new BadArchiveException(
                "it holds more than " + intake.limits().bytes() + " bytes");
          }
          Path file = intake.work().newFile();
          try (OutputStream out = Files.newOutputStream(file)) {
            reader.contents().transferTo(out);
          }
          intake.progress().bytes(bytes, -1);
          spool.files.put(name, file);
        }
        case HARD_LINK -> spool.links.put(name, String.join("/", TarPath.components(entry.link())));
        case SYMBOLIC_LINK -> spool.links.put(name, besides(name, entry.link()));
        default -> {}
      }
    }
    return spool;
  }

  /**
   * What a symbolic link means, as a name in the archive; one that leads out means nothing here.
   */
  private static String besides(String name, String target) {
    Path parent = Path.of("/" + name).getParent();
    try {
      return parent.resolve(target).normalize().toString().substring(1);
    } catch (InvalidPathException e) {
      return "";
    }
  }

  boolean has(String name) {
    return !file(name).equals(missing);
  }

  /** Where the file with this name is; a path without a file when there is none. */
  Path file(String name) {
    String at = name;
    for (int i = 0; i < MOST_STEPS && !files.containsKey(at) && links.containsKey(at); i++) {
      at = links.get(at);
    }
    return files.getOrDefault(at, missing);
  }

  /** Some of the names, for a message. */
  List<String> someNames() {
    return files.keySet().stream().sorted().limit(5).toList();
  }
}
