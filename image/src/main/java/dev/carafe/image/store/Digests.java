package dev.carafe.image.store;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 digests as OCI writes them: {@code sha256:} and 64 lower-case hexadecimal digits. */
public final class Digests {
  private static final String PREFIX = "sha256:";

  private Digests() {}

  /** Whether {@code text} is a digest; what is not must never become a file's name. */
  public static boolean isDigest(String text) {
    return text.length() == PREFIX.length() + 64
        && text.startsWith(PREFIX)
        && isHex(text.substring(PREFIX.length()));
  }

  /** Whether {@code text} has only lower-case hexadecimal digits. */
  static boolean isHex(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }

  /** The 64 digits of a digest. */
  static String hex(String digest) {
    if (!isDigest(digest)) {
      throw new IllegalArgumentException("not a digest: " + digest);
    }
    return digest.substring(PREFIX.length());
  }

  static String ofHex(String hex) {
    return PREFIX + hex;
  }

  /** The digest of {@code bytes}. */
  public static String of(byte[] bytes) {
    return finish(start(bytes));
  }

  private static MessageDigest start(byte[] bytes) {
    MessageDigest digest = start();
    digest.update(bytes);
    return digest;
  }

  /** Begins a digest. */
  public static MessageDigest start() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  /** Ends a digest. */
  public static String finish(MessageDigest digest) {
    return PREFIX + HexFormat.of().formatHex(digest.digest());
  }
}
