package dev.carafe.egress.proxy;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Paths as the policy sees them. A path goes upstream as it was sent; so where a rule depends on
 * it, what servers are known to understand differently is refused: dot segments, empty segments,
 * encoded slashes, backslashes, double encodings, escapes that are no UTF-8 (overlong ones above
 * all, which some take for the character they lengthen).
 */
final class Paths {
  private Paths() {}

  /** Refuses what no server should be sent. */
  static void check(String target) throws Refused {
    if (!target.startsWith("/") && !target.equals("*") || !Fields.isVisible(target)) {
      throw Refused.malformed("the path is not clear");
    }
    if (target.indexOf('#') >= 0) {
      throw Refused.malformed("there is a fragment in the path");
    }
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    for (int i = path.indexOf('%'); i >= 0; i = path.indexOf('%', i + 1)) {
      int value = hex(path, i);
      if (value < 0x20 || value == 0x7f) {
        throw Refused.denied("the path hides a control character");
      }
    }
  }

  /**
   * The path with its harmless escapes undone, for comparing.
   *
   * @throws Refused if it could be read in two ways
   */
  static String normal(String path) throws Refused {
    StringBuilder result = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\') {
        throw Refused.denied("the path is ambiguous: it has a backslash");
      }
      if (c == '%') {
        int value = hex(path, i);
        if (value == '/' || value == '\\') {
          throw Refused.denied("the path is ambiguous: it hides a slash");
        }
        if (value == '%') {
          throw Refused.denied("the path is ambiguous: it is encoded twice");
        }
        boolean unreserved =
            value >= 'a' && value <= 'z'
                || value >= 'A' && value <= 'Z'
                || value >= '0' && value <= '9'
                || value == '-'
                || value == '.'
                || value == '_'
                || value == '~';
        if (unreserved) {
          result.append((char) value);
        } else {
          result
              .append('%')
              .append(path.substring(i + 1, i + 3).toUpperCase(java.util.Locale.ROOT));
        }
        i += 2;
      } else {
        result.append(c);
      }
    }
    if (!isUtf8(decoded(path))) {
      throw Refused.denied("the path is ambiguous: it is no UTF-8");
    }
    String normal = result.toString();
    String[] segments = normal.split("/", -1);
    for (int i = 1; i < segments.length; i++) {
      String segment = segments[i];
      int parameters = segment.indexOf(';');
      String name = parameters < 0 ? segment : segment.substring(0, parameters);
      if (name.equals(".") || name.equals("..")) {
        throw Refused.denied("the path is ambiguous: it has a dot segment");
      }
      if (segment.isEmpty() && i < segments.length - 1) {
        throw Refused.denied("the path is ambiguous: it has an empty segment");
      }
    }
    return normal;
  }

  /** Whether characters that stand for bytes are UTF-8 in its only form. */
  private static boolean isUtf8(String bytes) {
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** All escapes undone once, for looking at what is meant; as far as they are right. */
  static String decoded(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    byte[] result = new byte[bytes.length];
    int length = 0;
    for (int i = 0; i < bytes.length; i++) {
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (bytes[i] == '%' && high >= 0 && low >= 0) {
        result[length++] = (byte) (high << 4 | low);
        i += 2;
      } else {
        result[length++] = bytes[i];
      }
    }
    return new String(result, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static int hex(String text, int percent) throws Refused {
    int high = percent + 2 < text.length() ? Character.digit(text.charAt(percent + 1), 16) : -1;
    int low = percent + 2 < text.length() ? Character.digit(text.charAt(percent + 2), 16) : -1;
    if (high < 0 || low < 0) {
      throw Refused.malformed("the path has an escape that is none");
    }
    return high << 4 | low;
  }
}
