package dev.carafe.machine.host;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds executables the way a shell does, and also where Debian keeps administrators' programs
 * ({@code mke2fs} is in {@code /usr/sbin}, which an ordinary user's PATH does not name).
 */
final class Programs {
  private static final List<String> ALSO =
      List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");

  private final List<Path> directories;

  Programs(Map<String, String> env) {
    List<Path> all = new ArrayList<>();
    for (String directory : env.getOrDefault("PATH", "").split(":")) {
      // A relative entry would make what runs depend on where Carafe was called.
      if (directory.startsWith("/")) {
        all.add(Path.of(directory));
      }
    }
    for (String directory : ALSO) {
      Path path = Path.of(directory);
      if (!all.contains(path)) {
        all.add(path);
      }
    }
    this.directories = List.copyOf(all);
  }

  /** The first executable regular file of that name. */
  Optional<Path> find(String name) {
    for (Path directory : directories) {
      Path candidate = directory.resolve(name);
      if (Files.isExecutable(candidate) && Files.isRegularFile(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  boolean meets(Requirement requirement) {
    return requirement.isFile()
        ? Files.exists(Path.of(requirement.lookedFor()))
        : find(requirement.lookedFor()).isPresent();
  }
}
