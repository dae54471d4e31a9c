package dev.carafe.junit;

import dev.carafe.bottle.BottleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The manifests of a bottle that is declared by attributes and not by the user's files: one agent
 * in one bottle, in a directory that takes the place of the user's configuration.
 */
final class OwnManifests implements AutoCloseable {
  /** Of the agent and of the bottle. */
  static final String NAME = "junit";

  private final Path directory;

  private OwnManifests(Path directory) {
    this.directory = directory;
  }

  /** Writes them. */
  static OwnManifests write(BottleTest declared) {
    String text = bottle(declared);
    try {
      OwnManifests manifests = new OwnManifests(Files.createTempDirectory("carafe-junit"));
      manifests.put("bottles", text);
      manifests.put("agents", "---\nbottle: " + NAME + "\n---\n");
      return manifests;
    } catch (IOException e) {
      throw new BottleException(
          "the manifests of a test's bottle cannot be written: " + e.getMessage(), e);
    }
  }

  private void put(String kind, String text) throws IOException {
    Path place = Files.createDirectories(directory.resolve("carafe").resolve(kind));
    Files.writeString(place.resolve(NAME + ".md"), text);
  }

  private static String bottle(BottleTest declared) {
    String provider = declared.provider().isEmpty() ? "shell" : declared.provider();
    StringBuilder text = new StringBuilder("---\nagent_provider:\n");
    text.append("  template: ").append(quoted(provider)).append('\n');
    if (!declared.image().isEmpty()) {
      text.append("  image: ").append(quoted(declared.image())).append('\n');
    }
    if (declared.command().length > 0) {
      String words =
          Arrays.stream(declared.command())
              .map(OwnManifests::quoted)
              .collect(Collectors.joining(", ", "[", "]"));
      text.append("  settings: {command: ").append(words).append("}\n");
    }
    return text.append("---\n").toString();
  }

  /** A string of YAML. */
  private static String quoted(String text) {
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new BottleException(
          "@BottleTest has a control character in '" + text.replaceAll("\\p{Cntrl}", "?") + "'");
    }
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  Path directory() {
    return directory;
  }

  /** Removes them. What cannot be removed is temporary anyway. */
  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(directory)) {
      List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
      for (Path each : deepestFirst) {
        Files.delete(each);
      }
    } catch (IOException e) {
      // The directory of temporary files is emptied by others.
    }
  }
}
