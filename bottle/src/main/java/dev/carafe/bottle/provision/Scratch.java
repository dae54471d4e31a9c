package dev.carafe.bottle.provision;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/** Private directories in which a guest's files lie for a while. */
final class Scratch {
  private Scratch() {}

  /** Makes all of a tree readable for its owner, whatever a guest has made of it. */
  static void open(Path tree) throws IOException {
    Deque<Path> directories = new ArrayDeque<>();
    if (Files.isDirectory(tree, LinkOption.NOFOLLOW_LINKS)) {
      directories.push(tree);
    }
    while (!directories.isEmpty()) {
      Path directory = directories.pop();
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
        for (Path entry : entries) {
          if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
            directories.push(entry);
          } else if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)) {
            readable(entry);
          }
        }
      }
    }
  }

  private static void readable(Path file) throws IOException {
    Set<PosixFilePermission> permissions = new HashSet<>(Files.getPosixFilePermissions(file));
    if (permissions.add(PosixFilePermission.OWNER_READ)) {
      Files.setPosixFilePermissions(file, permissions);
    }
  }

  /** Removes a tree, whatever permissions its directories have; links are not followed. */
  static void remove(Path tree) {
    if (tree == null || !Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      open(tree);
      Files.walkFileTree(
          tree,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException e)
                throws IOException {
              Files.delete(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      // It lies in the bottle's own directory, and goes with it.
    }
  }
}
