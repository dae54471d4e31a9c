package dev.carafe.image.disk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A lock file, held by one user of one process at a time. The kernel lets go of it when its holder
 * dies, however it dies.
 *
 * <p>Such locks belong to a process, and closing any descriptor of the file gives the lock up: so a
 * process opens a lock file only while no one else in it has.
 */
public final class Lock implements AutoCloseable {
  private static final Set<Path> HELD = new HashSet<>();

  private final Path path;
  private final FileChannel channel;

  private Lock(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /** Takes the lock if nobody has it. The file is made; its directory must exist. */
  public static Optional<Lock> tryTake(Path file) throws IOException {
    return tryTake(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static Optional<Lock> tryTake(Path file, OpenOption... options) throws IOException {
    Path path = file.toAbsolutePath().normalize();
    synchronized (HELD) {
      if (!HELD.add(path)) {
        return Optional.empty();
      }
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, options);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(new Lock(path, channel));
      }
    } catch (IOException | RuntimeException e) {
      release(path, channel);
      throw e;
    }
    release(path, channel);
    return Optional.empty();
  }

  /** Whether somebody has the lock just now. Makes nothing. */
  public static boolean isTaken(Path file) throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    try {
      Optional<Lock> lock = tryTake(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
      lock.ifPresent(Lock::close);
      return lock.isEmpty();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** The locked file itself. */
  public FileChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    release(path, channel);
  }

  private static void release(Path path, FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // The descriptor is gone all the same, and the lock with it.
    } finally {
      synchronized (HELD) {
        HELD.remove(path);
      }
    }
  }
}
