package dev.carafe.machine.channel;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * File names as the bytes they are. A {@link Path} keeps a name's bytes, but its text loses those
 * that the JVM's character set cannot show; its URI shows each of them, whatever the character set.
 */
final class Names {
  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  private Names() {}

  /** The bytes of a relative path, or of an absolute one. */
  static byte[] bytes(Path path) {
    String text = path.toString();
    if (ascii(text)) {
      return text.getBytes(StandardCharsets.US_ASCII);
    }
    String uri = path.toUri().getRawPath();
    if (uri.endsWith("/") && !text.endsWith("/")) {
      uri = uri.substring(0, uri.length() - 1);
    }
    int start = 0;
    if (!path.isAbsolute()) {
      // The URI of a relative path begins with the working directory, and a slash.
      String base = Path.of("").toAbsolutePath().toUri().getRawPath();
      start = base.endsWith("/") ? base.length() : base.length() + 1;
    }
    return unescaped(uri, start);
  }

  private static byte[] unescaped(String uri, int start) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(uri.length() - start);
    for (int i = start; i < uri.length(); i++) {
      char c = uri.charAt(i);
      if (c == '%') {
        out.write(
            Character.digit(uri.charAt(i + 1), 16) << 4 | Character.digit(uri.charAt(i + 2), 16));
        i += 2;
      } else {
        out.write(c);
      }
    }
    return out.toByteArray();
  }

  /**
   * The path whose bytes these are; not empty, and without NUL. Kept exactly, a slash at the end
   * too, but for slashes that follow one another, which become one.
   */
  static Path path(byte[] bytes) {
    boolean plain = bytes.length == 1 || bytes[bytes.length - 1] != '/';
    for (int i = 0; plain && i < bytes.length; i++) {
      plain = bytes[i] > 0;
    }
    if (plain) {
      return Path.of(new String(bytes, StandardCharsets.US_ASCII));
    }
    boolean absolute = bytes[0] == '/';
    StringBuilder uri = new StringBuilder(8 + 3 * bytes.length).append("file:///");
    for (int i = absolute ? 1 : 0; i < bytes.length; i++) {
      uri.append('%').append(HEX[bytes[i] >> 4 & 15]).append(HEX[bytes[i] & 15]);
    }
    Path path = Path.of(URI.create(uri.toString()));
    return absolute ? path : path.subpath(0, path.getNameCount());
  }

  /** A name of the guest's, fit to be shown. */
  static String shown(byte[] bytes) {
    return bytes.length == 0 ? "." : GuestText.of(bytes);
  }

  private static boolean ascii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }
}
