package dev.carafe.egress;

import java.time.Duration;

/**
 * All that a bottle may use up on the host, in one place. Sizes are bytes, counts are per {@link
 * Egress}.
 *
 * @param connections open connections of the guest; one more is answered 503
 * @param exchanges requests under way; one more is answered 503
 * @param streams requests under way on one HTTP/2 connection
 * @param handshakes TLS handshakes computed at the same time, each side; more wait their turn
 * @param handshakesWaiting handshakes that wait; one more is turned away
 * @param requestLine longest request or status line, and longest {@code :path}
 * @param headerBytes all headers of a message together
 * @param headers number of headers of a message
 * @param streamWindow received and not yet passed on, of one HTTP/2 stream; in HTTP/1.1 it is one
 *     read of 64 KiB
 * @param connectionWindow the same for all streams of one connection
 * @param writeBuffer written and not yet taken by the socket, per connection; reading of the other
 *     side stops there
 * @param idleUpstreams unused upstream connections that are kept, per thread
 * @param drained read and thrown away after a refusal, so that the client sees the answer
 * @param head time from a request's first byte to the end of its headers; also for a TLS hello
 * @param handshake time for a TLS handshake, waiting included
 * @param connect time to resolve a name and connect, each
 * @param idle a request under way in which nothing moves
 * @param keepAlive a connection without a request
 * @param upstreamKeepAlive an upstream connection without a request
 * @param hold how long bytes are kept back that may be the beginning of something secret
 */
public record Limits(
    int connections,
    int exchanges,
    int streams,
    int handshakes,
    int handshakesWaiting,
    int requestLine,
    int headerBytes,
    int headers,
    int streamWindow,
    int connectionWindow,
    int writeBuffer,
    int idleUpstreams,
    long drained,
    Duration head,
    Duration handshake,
    Duration connect,
    Duration idle,
    Duration keepAlive,
    Duration upstreamKeepAlive,
    Duration hold) {

  /** What one agent and its tools need. */
  public static Limits standard() {
    return new Limits(
        256,
        512,
        100,
        4,
        256,
        16 << 10,
        64 << 10,
        200,
        256 << 10,
        1 << 20,
        128 << 10,
        32,
        64 << 20,
        Duration.ofSeconds(30),
        Duration.ofSeconds(20),
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofMinutes(2),
        Duration.ofSeconds(20),
        Duration.ofMillis(5));
  }

  /** Other counts. */
  public Limits withCounts(int connections, int exchanges, int handshakes) {
    return new Limits(
        connections,
        exchanges,
        streams,
        handshakes,
        handshakesWaiting,
        requestLine,
        headerBytes,
        headers,
        streamWindow,
        connectionWindow,
        writeBuffer,
        idleUpstreams,
        drained,
        head,
        handshake,
        connect,
        idle,
        keepAlive,
        upstreamKeepAlive,
        hold);
  }

  /** Other times. */
  public Limits withTimes(
      Duration head,
      Duration handshake,
      Duration connect,
      Duration idle,
      Duration keepAlive,
      Duration upstreamKeepAlive) {
    return new Limits(
        connections,
        exchanges,
        streams,
        handshakes,
        handshakesWaiting,
        requestLine,
        headerBytes,
        headers,
        streamWindow,
        connectionWindow,
        writeBuffer,
        idleUpstreams,
        drained,
        head,
        handshake,
        connect,
        idle,
        keepAlive,
        upstreamKeepAlive,
        hold);
  }
}
