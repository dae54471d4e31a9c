package dev.carafe.egress.audit;

/**
 * One request and its answer, as far as it came. To be kept, it has nothing secret in any text.
 *
 * @param status 0: there was no answer
 * @param route the route's host pattern; empty: none
 */
public record Exchange(
    long id,
    String method,
    String scheme,
    String host,
    int port,
    String path,
    int status,
    long bytesOut,
    long bytesIn,
    long millis,
    String route) {}
