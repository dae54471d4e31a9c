package dev.carafe.egress.proxy;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;

/**
 * A response's beginning as both versions of HTTP have it.
 *
 * @param headers end to end; owned
 * @param empty no body follows
 */
record Answer(int status, HttpHeaders headers, boolean empty) {

  /** The beginning of a text that the proxy itself answers. */
  static Answer text(int status, String type, String text) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set("content-type", type);
    headers.set("content-length", text.getBytes(StandardCharsets.UTF_8).length);
    headers.set("cache-control", "no-store");
    return new Answer(status, headers, text.isEmpty());
  }
}
