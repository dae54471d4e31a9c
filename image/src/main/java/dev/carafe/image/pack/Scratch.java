package dev.carafe.image.pack;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A private directory for the time of one piece of work. It is locked as long as it is used, and
 * making one removes those that nobody has locked: what a killed process left.
 */
final class Scratch implements AutoCloseable {
  private static final String PREFIX = "carafe-pack-";

  private final Path directory;
  private final FileChannel lock;

  private Scratch(Path directory, FileChannel lock) {
    this.directory = directory;
    this.lock = lock;
  }

  static Scratch in(Path parent) throws IOException {
    Leftovers.removeDirectories(parent, PREFIX + "*");
    Path directory = Files.createTempDirectory(parent, PREFIX);
    return new Scratch(directory, Leftovers.createLocked(directory.resolve("lock")));
  }

  Path directory() {
    return directory;
  }

  @Override
  public void close() throws IOException {
    try {
      Leftovers.removeDirectory(directory);
    } finally {
      lock.close();
      Leftovers.release(directory.resolve("lock"));
    }
  }
}
