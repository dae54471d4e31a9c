package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Headers between HTTP/2 and what both versions share. What could become something else in
 * HTTP/1.1, a line's end above all, is refused (RFC 9113, 8.2.1 and 10.3).
 */
final class Http2Fields {
  private static final Set<String> FORBIDDEN =
      Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade");

  private Http2Fields() {}

  /** A message's headers, without those that begin with a colon. */
  static HttpHeaders fromFrame(Http2Headers from, Limits limits) throws Refused {
    HttpHeaders result = Http1Reader.newHeaders();
    StringBuilder cookie = new StringBuilder();
    int size = 0;
    for (Map.Entry<CharSequence, CharSequence> field : from) {
      String name = field.getKey().toString();
      String value = field.getValue().toString();
      size += name.length() + value.length() + 32;
      if (size > limits.headerBytes() || result.size() >= limits.headers()) {
        throw Refused.malformed("there are too many headers");
      }
      if (name.startsWith(":")) {
        continue;
      }
      if (!Fields.isToken(name) || !name.equals(name.toLowerCase(Locale.ROOT))) {
        throw Refused.malformed("a header's name is not clear");
      }
      if (!Fields.isText(value)) {
        throw Refused.malformed("a header has control characters");
      }
      if (FORBIDDEN.contains(name)) {
        throw Refused.malformed("a header belongs to HTTP/1.1 connections only");
      }
      if (name.equals("cookie")) {
        cookie.append(cookie.isEmpty() ? "" : "; ").append(Fields.trim(value));
      } else {
        result.add(name, Fields.trim(value));
      }
    }
    if (!cookie.isEmpty()) {
      result.add("cookie", cookie.toString());
    }
    List<String> lengths = result.getAll("content-length");
    if (lengths.size() > 1 || lengths.size() == 1 && !lengths.getFirst().matches("[0-9]{1,18}")) {
      throw Refused.malformed("the content-length is not clear");
    }
    return result;
  }

  /** A message's trailers. */
  static HttpHeaders trailers(Http2Headers from) throws Refused {
    HttpHeaders trailers = fromFrame(from, Limits.standard());
    trailers.remove("content-length");
    trailers.remove("host");
    return trailers;
  }

  static Http2Headers of(HttpHeaders headers) {
    Http2Headers result = new DefaultHttp2Headers(false);
    for (Map.Entry<String, String> field : headers) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      result.add(name, field.getValue());
    }
    return result;
  }

  static Http2Headers answer(int status, HttpHeaders headers) {
    return of(headers).status(Integer.toString(status));
  }

  static Http2Headers request(Request request) {
    return of(request.headers())
        .method(request.method())
        .scheme(request.scheme())
        .authority(request.authority())
        .path(request.target());
  }
}
