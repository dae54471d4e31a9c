package dev.carafe.image.store;

import dev.carafe.image.disk.Durable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * A place for half-finished things. Its owner holds a lock on a file in it for as long as it lives,
 * so whoever comes later can tell what a killed process left from what a live one is writing.
 */
public final class WorkDirectory implements AutoCloseable {
  /**
   * Of this process: their owner files must not even be opened a second time ({@link FileLocks}).
   */
  private static final Set<Path> OURS = new HashSet<>();

  private final Path path;
  private final FileChannel owner;
  private int files;

  private WorkDirectory(Path path, FileChannel owner) {
    this.path = path;
    this.owner = owner;
  }

  /** Makes one, and removes those of dead processes. */
  public static WorkDirectory create(StoreLayout layout) throws IOException {
    // Under the lock nobody sees a directory that has no owner yet.
    try (var _ = FileLocks.exclusive(layout.lock("work"))) {
      removeDead(layout);
      Path path = layout.work().resolve(UUID.randomUUID().toString());
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      FileChannel owner =
          FileChannel.open(
              path.resolve("owner"), StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
      owner.lock();
      synchronized (OURS) {
        OURS.add(path);
      }
      return new WorkDirectory(path, owner);
    }
  }

  /** Removes what killed processes left; returns the bytes that frees. */
  public static long reap(StoreLayout layout) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("work"))) {
      return removeDead(layout);
    }
  }

  private static long removeDead(StoreLayout layout) throws IOException {
    long freed = 0;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(layout.work())) {
      for (Path path : all) {
        synchronized (OURS) {
          if (OURS.contains(path)) {
            continue;
          }
        }
        if (isDead(path)) {
          freed += DiskUse.ofTree(path);
          Durable.deleteTree(path);
        }
      }
    }
    return freed;
  }

  private static boolean isDead(Path path) throws IOException {
    Path owner = path.resolve("owner");
    if (!Files.exists(owner)) {
      return true;
    }
    try (FileChannel channel = FileChannel.open(owner, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock != null;
    }
  }

  /** A path in here that nothing else uses. */
  public synchronized Path newFile() {
    return path.resolve(Integer.toString(files++));
  }

  /** Removes the directory with all that is in it. */
  @Override
  public void close() throws IOException {
    try (owner) {
      Durable.deleteTree(path);
    } finally {
      synchronized (OURS) {
        OURS.remove(path);
      }
    }
  }
}
