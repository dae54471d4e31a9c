package dev.carafe.bottle;

import dev.carafe.image.ImageException;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** What went wrong, in words for a person. */
final class Sentence {
  private Sentence() {}

  /** Why it failed; without a full stop, so that more can be said. */
  static String reason(Throwable failure) {
    String message = String.valueOf(failure.getMessage()).strip();
    if (message.toLowerCase(Locale.ROOT).contains("no space left on device")) {
      return message + "; free some, and try again";
    }
    String said =
        switch (failure) {
          case NoSuchFileException e -> "there is no file " + e.getFile();
          case AccessDeniedException e -> "no permission for " + e.getFile();
          case FileAlreadyExistsException e -> e.getFile() + " is in the way";
          case BottleException e -> message;
          case MachineException e -> message;
          case ImageException e -> message;
          case IOException e when failure.getMessage() != null -> message;
          default -> "unexpected: " + failure;
        };
    return said.endsWith(".") && !said.endsWith("..") ? said.substring(0, said.length() - 1) : said;
  }

  /** A reason with a full stop, unless it ends with lines that are somebody else's. */
  static String full(String reason) {
    return reason.indexOf('\n') >= 0 || reason.endsWith(".") ? reason : reason + ".";
  }
}
