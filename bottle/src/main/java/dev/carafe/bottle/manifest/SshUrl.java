package dev.carafe.bottle.manifest;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a repository is, by ssh. No part can be taken for an option by a program that it is handed
 * to.
 *
 * @param port from 1 to 65535
 * @param path with its slash
 */
public record SshUrl(String user, String host, int port, String path) {
  private static final int MOST_LENGTH = 1000;
  private static final int DEFAULT_PORT = 22;
  private static final Pattern FORM =
      Pattern.compile(
          "ssh://([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@"
              + "([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\\[[0-9A-Fa-f:.]{2,45}\\])"
              + "(?::([0-9]{1,5}))?"
              + "(/[A-Za-z0-9_.~+/-]+)");

  /**
   * Reads {@code ssh://USER@HOST[:PORT]/PATH}.
   *
   * @throws IllegalArgumentException with a sentence
   */
  static SshUrl of(String text) {
    if (!text.startsWith("ssh://")) {
      boolean scp = text.matches("[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^/].*");
      throw new IllegalArgumentException(
          "'url' must be ssh://USER@HOST/PATH"
              + (scp
                  ? ", with a slash where the colon is"
                  : "; only ssh is spoken to repositories"));
    }
    Matcher parts = FORM.matcher(text);
    if (text.length() > MOST_LENGTH || !parts.matches()) {
      throw new IllegalArgumentException(
          "'url' must be ssh://USER@HOST[:PORT]/PATH, without a password and of plain letters, as"
              + " ssh://git@git.example.com/me/project.git");
    }
    int port = parts.group(3) == null ? DEFAULT_PORT : Integer.parseInt(parts.group(3));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("a port is a number from 1 to 65535");
    }
    if (parts.group(4).contains("/-") || parts.group(4).matches(".*/\\.\\.?(/.*)?")) {
      throw new IllegalArgumentException(
          "no part of the path of 'url' may be '.' or '..', or begin with '-'");
    }
    return new SshUrl(parts.group(1), parts.group(2), port, parts.group(4));
  }

  @Override
  public String toString() {
    return "ssh://" + user + "@" + host + (port == DEFAULT_PORT ? "" : ":" + port) + path;
  }
}
