package dev.carafe.image.store;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** How much files take. */
final class DiskUse {
  private DiskUse() {}

  /**
   * The lengths of all files below {@code top}, at most what they hold: sparse ones are counted
   * whole.
   */
  static long ofTree(Path top) throws IOException {
    long[] sum = {0};
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            sum[0] += attributes.size();
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    return sum[0];
  }

  /** The length of one file; 0 when it is not there. */
  static long ofFile(Path file) throws IOException {
    return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : 0;
  }
}
