package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;

/**
 * A directory that nobody else can look into, beside the place a copy is going to, in which it
 * grows until it is whole. Closing removes it with all that is still in it. One that a killed
 * process left behind is known by its name and by the lock that nobody holds, and goes when the
 * next copy to that place begins.
 */
final class Staging implements AutoCloseable {
  static final String PREFIX = ".carafe-copy-";
  private static final String LOCK = "lock";

  /** Between making a directory and locking it, another process may not take it for abandoned. */
  private static final Duration YOUNG = Duration.ofMinutes(1);

  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path directory;
  private final FileChannel lock;

  private Staging(Path directory, FileChannel lock) {
    this.directory = directory;
    this.lock = lock;
  }

  static Staging in(Path parent, InstantSource clock) throws IOException {
    sweep(parent, clock);
    Path directory = null;
    for (long number = System.nanoTime(); directory == null; number++) {
      Path candidate =
          parent.resolve(PREFIX + ProcessHandle.current().pid() + "-" + Long.toHexString(number));
      try {
        directory = Files.createDirectory(candidate, PRIVATE);
      } catch (FileAlreadyExistsException e) {
        // Someone else's: try the next name.
      }
    }
    FileChannel lock = null;
    try {
      lock =
          FileChannel.open(
              directory.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      lock.lock();
      return new Staging(directory, lock);
    } catch (IOException e) {
      if (lock != null) {
        lock.close();
      }
      remove(directory);
      throw e;
    }
  }

  /** Where the copied thing grows; there is nothing yet. */
  Path tree() {
    return directory.resolve("tree");
  }

  /** Whether the process may give files away. */
  boolean byRoot() throws IOException {
    return (Integer) Files.getAttribute(directory, "unix:uid") == 0;
  }

  private static void sweep(Path parent, InstantSource clock) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent)) {
      for (Path entry : entries) {
        if (entry.getFileName().toString().startsWith(PREFIX)) {
          sweepOne(entry, clock);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Not ours to list: then there is nothing of ours in it either.
    }
  }

  private static void sweepOne(Path directory, InstantSource clock) {
    try {
      HostFiles.Status status = HostFiles.status(directory);
      if (status.type() != HostFiles.DIRECTORY
          || status.modified().toInstant().isAfter(clock.instant().minus(YOUNG))) {
        return;
      }
      try (FileChannel lock =
              FileChannel.open(
                  directory.resolve(LOCK),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE,
                  LinkOption.NOFOLLOW_LINKS);
          FileLock held = lock.tryLock()) {
        if (held != null) {
          remove(directory);
        }
      }
    } catch (IOException | OverlappingFileLockException e) {
      // Another process's, another user's, or gone: this copy does not depend on it.
    }
  }

  @Override
  public void close() throws IOException {
    try {
      remove(directory);
    } finally {
      lock.close();
    }
  }

  /**
   * Removes what is known to be a directory, and all in it, whatever its permissions have become.
   */
  private static void remove(Path directory) throws IOException {
    Files.setAttribute(directory, "unix:mode", 0700);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (HostFiles.status(entry).type() == HostFiles.DIRECTORY) {
          remove(entry);
        } else {
          Files.delete(entry);
        }
      }
    }
    Files.delete(directory);
  }
}
