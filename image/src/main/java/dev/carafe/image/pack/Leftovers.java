package dev.carafe.image.pack;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds what a killed process left. Unfinished work holds a lock that the kernel drops with the
 * process; so what nobody has locked belongs to nobody.
 */
final class Leftovers {
  /**
   * The locked files of this process. The kernel drops a process's lock on a file when it closes
   * any channel to it, so these must not even be opened to try.
   */
  private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

  private Leftovers() {}

  /** Makes a file that nobody takes for a leftover until the channel is closed. */
  static FileChannel createLocked(Path file) throws IOException {
    OURS.add(file);
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
      channel.lock();
      return channel;
    } catch (IOException | RuntimeException e) {
      OURS.remove(file);
      throw e;
    }
  }

  /** The file is finished, or gone; its channel is closed. */
  static void release(Path file) {
    OURS.remove(file);
  }

  /** Removes the unlocked files in {@code directory} that {@code pattern} (a glob) matches. */
  static void removeFiles(Path directory, String pattern) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, pattern)) {
      for (Path file : files) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && abandoned(file)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Removes the directories that {@code pattern} matches and whose file {@code lock} is free. */
  static void removeDirectories(Path directory, String pattern) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, pattern)) {
      for (Path candidate : found) {
        if (Files.isDirectory(candidate, LinkOption.NOFOLLOW_LINKS)
            && Files.isWritable(candidate)
            && abandoned(candidate.resolve("lock"))) {
          removeDirectory(candidate);
        }
      }
    }
  }

  /** Removes a directory of plain files. */
  static void removeDirectory(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }

  private static boolean abandoned(Path file) {
    if (OURS.contains(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      return lock != null;
    } catch (IOException e) {
      // Somebody else's, or gone already.
      return false;
    }
  }
}
