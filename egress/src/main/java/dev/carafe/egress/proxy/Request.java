package dev.carafe.egress.proxy;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * A request as both versions of HTTP have it: who is meant is settled, what belongs to one
 * connection only is gone from the headers (RFC 9110, 7.6.1), and so is Host.
 *
 * @param scheme http or https
 * @param target path and query, or {@code *}
 * @param headers end to end; owned
 * @param empty no body follows
 * @param webSocket it asks for a WebSocket, in whichever way its version does
 */
record Request(
    String method,
    String scheme,
    HostPort to,
    String target,
    HttpHeaders headers,
    boolean empty,
    boolean webSocket) {

  boolean tls() {
    return scheme.equals("https");
  }

  /** The path without the query. */
  String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** The query without its mark; empty if there is none. */
  String query() {
    int query = target.indexOf('?');
    return query < 0 ? "" : target.substring(query + 1);
  }

  /** Host and, if it is not the scheme's own, port. */
  String authority() {
    return to.port() == (tls() ? 443 : 80) ? to.host() : to.toString();
  }
}
