package dev.carafe.image;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** Turns failures into what a person can act on. */
final class Reasons {
  private Reasons() {}

  static String of(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String message = String.valueOf(each.getMessage());
      if (message.toLowerCase(Locale.ROOT).contains("no space left on device")) {
        return "the disk is full; `carafe image prune` frees what no machine needs";
      }
      if (message.toLowerCase(Locale.ROOT).contains("disk quota exceeded")) {
        return "the disk quota is used up; `carafe image prune` frees what no machine needs";
      }
    }
    return switch (failure) {
      case NoSuchFileException e -> "there is no file " + e.getFile();
      case AccessDeniedException e -> "no permission for " + e.getFile();
      case FileAlreadyExistsException e -> e.getFile() + " is in the way";
      case FileSystemException e -> e.getMessage();
      case IOException e when e.getMessage() != null -> e.getMessage();
      default -> failure.toString();
    };
  }
}
