package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Moves a whole copy into a directory that is already there: each file at once, replacing one of
 * its name; each directory that is not there yet with all it holds; and into each that is there,
 * the same again. Steps from directory to directory by open handles and never through a symbolic
 * link, so that none below the destination leads elsewhere, whoever put it there and whenever.
 * Directories that were there keep their permissions and times.
 */
final class Merge {
  private final Attributes attributes;

  private Merge(Attributes attributes) {
    this.attributes = attributes;
  }

  /**
   * @param from the copied directory, whose tree is {@code folder}
   * @throws FileSystemException naming the first name where one has a directory and the other has
   *     none; nothing has been moved then
   */
  static void into(Path from, Folder folder, Path to, Attributes attributes) throws IOException {
    Merge merge = new Merge(attributes);
    for (boolean move : new boolean[] {false, true}) {
      try (SecureDirectoryStream<Path> source = open(from);
          SecureDirectoryStream<Path> destination = open(to)) {
        merge.step(folder, source, from, destination, to, move);
      }
    }
  }

  private static SecureDirectoryStream<Path> open(Path directory) throws IOException {
    DirectoryStream<Path> stream = Files.newDirectoryStream(directory);
    if (stream instanceof SecureDirectoryStream<Path> secure) {
      return secure;
    }
    stream.close();
    throw new FileSystemException(
        directory.toString(), null, "its file system has no handles for directories");
  }

  private void step(
      Folder folder,
      SecureDirectoryStream<Path> source,
      Path sourcePath,
      SecureDirectoryStream<Path> destination,
      Path destinationPath,
      boolean move)
      throws IOException {
    for (Path entry : source) {
      Path name = entry.getFileName();
      Path from = sourcePath.resolve(name);
      Path to = destinationPath.resolve(name);
      Folder child = folder.child(Folder.key(Names.bytes(name)));
      BasicFileAttributes there = status(destination, name);
      if (there != null && there.isDirectory() != (child != null)) {
        throw new FileSystemException(
            to.toString(),
            null,
            child == null
                ? "is a directory, and the copy has a file of that name"
                : "is no directory, and the copy has a directory of that name");
      }
      if (child != null && there != null) {
        try (SecureDirectoryStream<Path> below =
                source.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
            SecureDirectoryStream<Path> into =
                destination.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
          step(child, below, from, into, to, move);
        }
      } else if (move) {
        if (child != null) {
          child.settleBelow(from, attributes);
        }
        move(source, destination, name, to);
        if (child != null) {
          // Only now: to move a directory that one may not write to is not allowed.
          child.settle(to, attributes);
        }
      }
    }
  }

  private static BasicFileAttributes status(SecureDirectoryStream<Path> in, Path name)
      throws IOException {
    try {
      return in.getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .readAttributes();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static void move(
      SecureDirectoryStream<Path> from, SecureDirectoryStream<Path> to, Path name, Path shown)
      throws IOException {
    try {
      from.move(name, to, name);
    } catch (AtomicMoveNotSupportedException e) {
      throw new FileSystemException(
          shown.toString(), null, "is on another file system than the destination's top");
    }
  }
}
