package dev.carafe.bottle.provision;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Where git finds repositories, whose hooks and settings are programs that run as whoever calls
 * git.
 */
final class GitPlaces {
  private GitPlaces() {}

  /** Whether a path leads to a repository's own files, on file systems of any kind. */
  static boolean isGit(Path relative) {
    for (Path name : relative) {
      String text = name.toString();
      if (text.equalsIgnoreCase(".git") || text.equalsIgnoreCase("git~1")) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether git takes a directory for a repository although it has another name, or would when what
   * is in both places is in one. A {@code commondir} leads to what is not in it.
   */
  static boolean isBare(Path directory, Path here) {
    return has(directory, here, "HEAD")
        && (has(directory, here, "commondir")
            || has(directory, here, "objects") && has(directory, here, "refs"));
  }

  private static boolean has(Path one, Path other, String name) {
    return Files.exists(one.resolve(name), LinkOption.NOFOLLOW_LINKS)
        || Files.exists(other.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }
}
