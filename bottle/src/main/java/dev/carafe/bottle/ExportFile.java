package dev.carafe.bottle;

import dev.carafe.image.disk.Durable;
import dev.carafe.image.disk.Lock;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file for the user that is there as a whole or not at all, and never in place of another. It
 * grows beside its place, for nobody else to read, under a name by which one that a killed process
 * has left is known: that goes when the next file is written to the same directory.
 */
final class ExportFile {
  static final String PREFIX = ".carafe-export-";
  private static final int BUFFER = 1 << 16;
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private ExportFile() {}

  /** Writes the content. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file. Blocks.
   *
   * @throws FileAlreadyExistsException if there is something of that name
   * @throws java.nio.file.NoSuchFileException if there is no directory for it
   */
  static void write(Path file, Content content) throws IOException {
    if (file.getFileName() == null) {
      throw new FileAlreadyExistsException(file.toString()); // the root
    }
    Path directory = file.toAbsolutePath().getParent().toRealPath();
    Path place = directory.resolve(file.getFileName());
    if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    sweep(directory);
    String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    Path beside = Files.createFile(directory.resolve(PREFIX + random), PRIVATE);
    try (Lock lock =
        Lock.tryTake(beside).orElseThrow(() -> new IOException("'" + beside + "' is in use"))) {
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(lock.channel()), BUFFER);
      content.writeTo(out);
      out.flush();
      lock.channel().force(true);
      put(beside, place);
      Durable.flushDirectory(directory);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /** A second name, unlike a new one, takes nobody's place. */
  private static void put(Path beside, Path place) throws IOException {
    try {
      Files.createLink(place, beside);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // The file system has one name for each file.
      Files.move(beside, place);
    }
  }

  private static void sweep(Path directory) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path each : left) {
        try {
          // What has bytes was locked before it got them: unlocked, nobody goes on with it.
          if (Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)
              && Files.size(each) > 0
              && !Lock.isTaken(each)) {
            Files.deleteIfExists(each);
          }
        } catch (IOException e) {
          // Somebody else's, or gone.
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Not ours to list.
    }
  }
}
