package dev.carafe.bottle.provision;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * What a file is, as far as a change of it matters.
 *
 * @param kind {@code 'f'} a file, {@code 'x'} one that its owner can execute, {@code 'l'} a
 *     symbolic link, {@code 'd'} a directory, {@code '?'} something else, {@code '-'} nothing
 * @param size of a file, in bytes
 * @param digest SHA-256 of the content, or of the link's text, in hexadecimal
 */
record FileState(char kind, long size, String digest) {
  static final FileState NOTHING = new FileState('-', 0, "");

  private static final int PERMISSION_TO_EXECUTE = 0100;

  /** What is at a path; links are not followed. */
  static FileState of(Path path) throws IOException {
    return of(path, true);
  }

  /** The same without the content's digest. */
  static FileState glance(Path path) throws IOException {
    return of(path, false);
  }

  private static FileState of(Path path, boolean content) throws IOException {
    Map<String, Object> attributes;
    try {
      attributes =
          Files.readAttributes(
              path,
              "unix:mode,size,isRegularFile,isDirectory,isSymbolicLink",
              LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return NOTHING;
    }
    if ((boolean) attributes.get("isSymbolicLink")) {
      byte[] target =
          HostGit.escaped(Path.of("t").resolve(Files.readSymbolicLink(path)))
              .getBytes(StandardCharsets.US_ASCII);
      return new FileState('l', 0, hex(sha256().digest(target)));
    }
    if ((boolean) attributes.get("isRegularFile")) {
      boolean executable = ((int) attributes.get("mode") & PERMISSION_TO_EXECUTE) != 0;
      return new FileState(
          executable ? 'x' : 'f', (long) attributes.get("size"), content ? digest(path) : "");
    }
    return new FileState((boolean) attributes.get("isDirectory") ? 'd' : '?', 0, "");
  }

  /** Whether it is a file or a link, which can change. */
  boolean isThing() {
    return kind == 'f' || kind == 'x' || kind == 'l';
  }

  /** Whether only the content can say that they are not the same. */
  boolean looksLike(FileState other) {
    return kind == other.kind && size == other.size;
  }

  private static String digest(Path file) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[64 * 1024];
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return hex(digest.digest());
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
