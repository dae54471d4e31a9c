package dev.carafe.egress.audit;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The last link of a chain: a line's number and the SHA-256 of its bytes, without the line feed, in
 * hexadecimal.
 *
 * @param sequence 0 before the first line
 */
record Chain(long sequence, String hash) {
  /** Before the first line. */
  static final Chain START = new Chain(0, "0".repeat(64));

  /** The link of this line, which follows. */
  Chain next(byte[] line, int length) {
    return new Chain(sequence + 1, hash(line, length));
  }

  static String hash(byte[] line, int length) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(line, 0, length);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
