package dev.carafe.image.source;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a user may write to say which image is meant. Parsing looks at the text only, and is cheap:
 * it is on the way of every start.
 */
public sealed interface Reference {
  /** The one spelling under which the store keeps a name for it. */
  String name();

  /** {@code docker://NAME}, or a name without a transport. */
  record Registry(String name) implements Reference {}

  /** {@code docker-archive:FILE}. */
  record DockerArchive(Path file) implements Reference {
    @Override
    public String name() {
      return "docker-archive:" + file;
    }
  }

  /** {@code oci-archive:FILE}. */
  record OciArchive(Path file) implements Reference {
    @Override
    public String name() {
      return "oci-archive:" + file;
    }
  }

  /** {@code oci:DIRECTORY[:TAG]}. */
  record OciLayout(Path directory, Optional<String> tag) implements Reference {
    @Override
    public String name() {
      return "oci:" + directory + tag.map(t -> ":" + t).orElse("");
    }
  }

  /** {@code dir:PATH}: a root filesystem. */
  record Directory(Path directory) implements Reference {
    @Override
    public String name() {
      return "dir:" + directory;
    }
  }

  /** {@code tar:PATH}: a root filesystem. */
  record Tar(Path file) implements Reference {
    @Override
    public String name() {
      return "tar:" + file;
    }
  }

  /** A path without a transport: any archive, or a directory. */
  record Local(Path path) implements Reference {
    @Override
    public String name() {
      return path.toString();
    }
  }

  /** {@code -}: an archive on standard input. */
  record StandardInput() implements Reference {
    @Override
    public String name() {
      return "-";
    }
  }

  /** {@code base}: the default image. */
  record Base() implements Reference {
    @Override
    public String name() {
      return "base";
    }
  }

  /** As long as a reference may be; a path fits. */
  int MOST_CHARACTERS = 5_000;

  /**
   * Takes {@code text} apart.
   *
   * @throws IllegalArgumentException with a sentence, when it cannot be a reference
   */
  static Reference parse(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("an image reference must not be empty");
    }
    if (text.length() > MOST_CHARACTERS || text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "an image reference must be shorter than 5,000 characters and have no control characters");
    }
    if (text.equals("-")) {
      return new StandardInput();
    }
    if (text.equals("base")) {
      return new Base();
    }
    if (text.startsWith("docker://")) {
      return new Registry(withTag(text.substring("docker://".length())));
    }
    int colon = text.indexOf(':');
    String rest = text.substring(colon + 1);
    switch (colon < 0 ? "" : text.substring(0, colon)) {
      case "docker-archive" -> {
        return new DockerArchive(path(rest));
      }
      case "oci-archive" -> {
        return new OciArchive(path(rest));
      }
      case "oci" -> {
        return layout(rest);
      }
      case "dir" -> {
        return new Directory(path(rest));
      }
      case "tar" -> {
        return new Tar(path(rest));
      }
      default -> {
        return isPath(text) ? new Local(path(text)) : new Registry(withTag(text));
      }
    }
  }

  private static boolean isPath(String text) {
    return text.startsWith("/")
        || text.startsWith("./")
        || text.startsWith("../")
        || text.equals(".")
        || text.endsWith(".tar")
        || text.endsWith(".tar.gz")
        || text.endsWith(".tgz")
        || text.endsWith(".tar.zst")
        || text.endsWith(".tar.xz");
  }

  private static OciLayout layout(String rest) {
    int colon = rest.lastIndexOf(':');
    // A colon in a directory's own name is told from a tag by looking.
    if (colon < 0 || rest.indexOf('/', colon) >= 0 || Files.isDirectory(Path.of(rest))) {
      return new OciLayout(path(rest), Optional.empty());
    }
    return new OciLayout(path(rest.substring(0, colon)), Optional.of(rest.substring(colon + 1)));
  }

  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("the image reference names no file");
    }
    return Path.of(text).toAbsolutePath().normalize();
  }

  private static String withTag(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    return last.indexOf(':') >= 0 || last.indexOf('@') >= 0 ? name : name + ":latest";
  }
}
