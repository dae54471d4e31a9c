package dev.carafe.egress.proxy;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;

/**
 * A response's beginning as both versions of HTTP have it.
 *
 * @param headers end to end; owned
 * @param empty no body follows
 * @param phrase what HTTP/1.1 says beside the status; empty: what is usual. Printable ASCII
 */
record Answer(int status, HttpHeaders headers, boolean empty, String phrase) {
  private static final int PHRASE = 200;

  Answer(int status, HttpHeaders headers, boolean empty) {
    this(status, headers, empty, "");
  }

  /**
   * The beginning of a refusal, whose text is all that most clients show of an answer to CONNECT,
   * if they show anything: they do not read its body.
   */
  static Answer refusal(Refused why) {
    String text = why.text();
    Answer plain = text(why.status(), "text/plain; charset=utf-8", text + "\n");
    String phrase = text.substring(0, Math.min(text.length(), PHRASE)).replaceAll("[^ -~]", "?");
    return new Answer(plain.status(), plain.headers(), plain.empty(), phrase);
  }

  /** The beginning of a text that the proxy itself answers. */
  static Answer text(int status, String type, String text) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set("content-type", type);
    headers.set("content-length", text.getBytes(StandardCharsets.UTF_8).length);
    headers.set("cache-control", "no-store");
    return new Answer(status, headers, text.isEmpty());
  }
}
