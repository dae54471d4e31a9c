package dev.carafe.egress.proxy;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The grammar of header fields (RFC 9110, 5), and which of them belong to one connection only. */
final class Fields {
  private static final String TOKEN = "!#$%&'*+-.^_`|~";
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-authentication-info",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "http2-settings",
          "host");

  private Fields() {}

  /** Whether it may be a method or a header's name. */
  static boolean isToken(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!letter && TOKEN.indexOf(c) < 0) {
        return false;
      }
    }
    return text.length() > 0;
  }

  /** Whether it consists of characters that a line may have: no controls but the tabulator. */
  static boolean isText(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' && c != '\t' || c == 0x7f || c > 0xff) {
        return false;
      }
    }
    return true;
  }

  /** Whether it consists of ASCII characters that leave ink. */
  static boolean isVisible(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c >= 0x7f) {
        return false;
      }
    }
    return text.length() > 0;
  }

  /** Without spaces and tabulators at both ends. */
  static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && (text.charAt(from) == ' ' || text.charAt(from) == '\t')) {
      from++;
    }
    while (to > from && (text.charAt(to - 1) == ' ' || text.charAt(to - 1) == '\t')) {
      to--;
    }
    return text.substring(from, to);
  }

  /** The elements of a header that is a list, lower case. */
  static List<String> list(HttpHeaders headers, String name) {
    List<String> all = new ArrayList<>();
    for (String line : headers.getAll(name)) {
      for (String element : line.split(",", -1)) {
        String trimmed = trim(element).toLowerCase(Locale.ROOT);
        if (!trimmed.isEmpty()) {
          all.add(trimmed);
        }
      }
    }
    return all;
  }

  /** A copy without what belongs to one connection. Only {@code te: trailers} stays of those. */
  static HttpHeaders endToEnd(HttpHeaders headers) {
    List<String> named = list(headers, "connection");
    HttpHeaders result = Http1Reader.newHeaders();
    for (Map.Entry<String, String> field : headers) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      if (!HOP_BY_HOP.contains(name) && !named.contains(name) && !name.startsWith("proxy-")) {
        result.add(field.getKey(), field.getValue());
      }
    }
    if (list(headers, "te").contains("trailers")) {
      result.set("te", "trailers");
    }
    return result;
  }
}
