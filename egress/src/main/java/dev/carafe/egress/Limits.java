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

  /** The same, to be changed. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Limits of which some are others. */
  public static final class Builder {
    private int connections;
    private int exchanges;
    private int streams;
    private int handshakes;
    private int handshakesWaiting;
    private int requestLine;
    private int headerBytes;
    private int headers;
    private int streamWindow;
    private int connectionWindow;
    private int writeBuffer;
    private int idleUpstreams;
    private long drained;
    private Duration head;
    private Duration handshake;
    private Duration connect;
    private Duration idle;
    private Duration keepAlive;
    private Duration upstreamKeepAlive;
    private Duration hold;

    private Builder(Limits from) {
      connections = from.connections;
      exchanges = from.exchanges;
      streams = from.streams;
      handshakes = from.handshakes;
      handshakesWaiting = from.handshakesWaiting;
      requestLine = from.requestLine;
      headerBytes = from.headerBytes;
      headers = from.headers;
      streamWindow = from.streamWindow;
      connectionWindow = from.connectionWindow;
      writeBuffer = from.writeBuffer;
      idleUpstreams = from.idleUpstreams;
      drained = from.drained;
      head = from.head;
      handshake = from.handshake;
      connect = from.connect;
      idle = from.idle;
      keepAlive = from.keepAlive;
      upstreamKeepAlive = from.upstreamKeepAlive;
      hold = from.hold;
    }

    public Builder connections(int connections) {
      this.connections = connections;
      return this;
    }

    public Builder exchanges(int exchanges) {
      this.exchanges = exchanges;
      return this;
    }

    public Builder streams(int streams) {
      this.streams = streams;
      return this;
    }

    public Builder handshakes(int handshakes) {
      this.handshakes = handshakes;
      return this;
    }

    public Builder handshakesWaiting(int handshakesWaiting) {
      this.handshakesWaiting = handshakesWaiting;
      return this;
    }

    public Builder requestLine(int requestLine) {
      this.requestLine = requestLine;
      return this;
    }

    public Builder headerBytes(int headerBytes) {
      this.headerBytes = headerBytes;
      return this;
    }

    public Builder headers(int headers) {
      this.headers = headers;
      return this;
    }

    public Builder streamWindow(int streamWindow) {
      this.streamWindow = streamWindow;
      return this;
    }

    public Builder connectionWindow(int connectionWindow) {
      this.connectionWindow = connectionWindow;
      return this;
    }

    public Builder writeBuffer(int writeBuffer) {
      this.writeBuffer = writeBuffer;
      return this;
    }

    public Builder idleUpstreams(int idleUpstreams) {
      this.idleUpstreams = idleUpstreams;
      return this;
    }

    public Builder drained(long drained) {
      this.drained = drained;
      return this;
    }

    public Builder head(Duration head) {
      this.head = head;
      return this;
    }

    public Builder handshake(Duration handshake) {
      this.handshake = handshake;
      return this;
    }

    public Builder connect(Duration connect) {
      this.connect = connect;
      return this;
    }

    public Builder idle(Duration idle) {
      this.idle = idle;
      return this;
    }

    public Builder keepAlive(Duration keepAlive) {
      this.keepAlive = keepAlive;
      return this;
    }

    public Builder upstreamKeepAlive(Duration upstreamKeepAlive) {
      this.upstreamKeepAlive = upstreamKeepAlive;
      return this;
    }

    public Builder hold(Duration hold) {
      this.hold = hold;
      return this;
    }

    public Limits build() {
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
}
