package dev.carafe.bottle.provider;

import java.nio.charset.StandardCharsets;

/**
 * A file that is put into the guest.
 *
 * @param path absolute, without {@code .} and {@code ..}
 * @param mode permission bits, as {@code 0600}
 */
public record GuestFile(String path, byte[] content, int mode) {
  private static final int MOST_PATH = 1000;

  public GuestFile {
    if (!isPath(path)) {
      throw new IllegalArgumentException("a file in the guest has an absolute path");
    }
    if ((mode & ~0777) != 0) {
      throw new IllegalArgumentException("a file's mode has nine bits");
    }
    content = content.clone();
  }

  static boolean isPath(String path) {
    return path.length() <= MOST_PATH && path.matches("(/(?!\\.{1,2}(/|$))[^/\\x00]+)+");
  }

  /** A text file that only its owner reads. */
  static GuestFile of(String path, String text) {
    return new GuestFile(path, text.getBytes(StandardCharsets.UTF_8), 0600);
  }

  /** A copy. */
  @Override
  public byte[] content() {
    return content.clone();
  }

  @Override
  public String toString() {
    return "GuestFile[" + path + "]";
  }
}
