package dev.carafe.egress.proxy;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * Whether a body is as long as its head says. Who reads it has made sure of that; who writes it
 * does so again, since in HTTP/1.1 what is too much would become the next message.
 */
final class Measure {
  private final boolean said;
  private long left;

  private Measure(boolean said, long left) {
    this.said = said;
    this.left = left;
  }

  static Measure of(HttpHeaders headers) {
    String length = headers.get("content-length");
    return length == null ? new Measure(false, 0) : new Measure(true, Long.parseLong(length));
  }

  /** Whether so many more bytes may be written. */
  boolean takes(int bytes) {
    left -= bytes;
    return !said || left >= 0;
  }

  /** Whether it may end here. */
  boolean whole() {
    return !said || left == 0;
  }
}
