package dev.carafe.bottle.provision;

import dev.carafe.image.disk.Lock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A private directory of this host in which a guest's files lie for a while. It goes when it is
 * closed, and when the process ends, also by a signal. Beside it is a lock of its maker's: one
 * whose lock nobody has was left by a process that was killed. One thread.
 */
public final class ScratchDirectory implements AutoCloseable {
  private static final String PREFIX = "work-";
  private static final String LOCK = ".lock";

  private final Path path;
  private final Lock lock;
  private final Thread hook;

  private ScratchDirectory(Path path, Lock lock) {
    this.path = path;
    this.lock = lock;
    hook = Thread.ofPlatform().unstarted(() -> Scratch.remove(path));
  }

  /** Makes one. The directory that it is made in is made, too. */
  static ScratchDirectory in(Path parent) throws IOException {
    Files.createDirectories(parent);
    Path path = parent.resolve(PREFIX + UUID.randomUUID());
    Lock lock =
        Lock.tryTake(lockOf(path))
            .orElseThrow(() -> new IOException(path + " is taken away already; try again"));
    try {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      ScratchDirectory made = new ScratchDirectory(path, lock);
      Runtime.getRuntime().addShutdownHook(made.hook);
      return made;
    } catch (IOException | RuntimeException e) {
      drop(path, lock);
      throw e;
    }
  }

  /** Those that killed processes have left in a directory. Changes nothing. */
  public static Set<Path> left(Path parent) throws IOException {
    Set<Path> left = new TreeSet<>();
    if (!Files.isDirectory(parent)) {
      return left;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        Path path =
            name.endsWith(LOCK)
                ? entry.resolveSibling(name.substring(0, name.length() - LOCK.length()))
                : entry;
        if (!Lock.isTaken(lockOf(path))) {
          left.add(path);
        }
      }
    }
    return left;
  }

  /** Removes one that was left, unless somebody has it after all. */
  public static void remove(Path left) throws IOException {
    Optional<Lock> lock = Lock.tryTake(lockOf(left));
    if (lock.isPresent()) {
      drop(left, lock.get());
    }
    if (Files.exists(left, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(left + " cannot be removed");
    }
  }

  private static void drop(Path path, Lock lock) throws IOException {
    try (lock) {
      Scratch.remove(path);
      Files.deleteIfExists(lockOf(path));
    }
  }

  private static Path lockOf(Path path) {
    return path.resolveSibling(path.getFileName() + LOCK);
  }

  Path path() {
    return path;
  }

  /** Removes it with all that is in it. Idempotent. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook is at it.
    }
    try {
      drop(path, lock);
    } catch (IOException e) {
      // Its lock file is found as one that was left.
    }
  }
}
