package dev.carafe.egress.audit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * Serves {@code GET /metrics} at an address of this host's loopback, and nothing else. There is no
 * password: the numbers tell whoever has an account here which hosts a bottle may reach.
 */
public final class MetricsServer implements AutoCloseable {
  private static final int BACKLOG = 16;

  private final HttpServer server;
  private final Metrics metrics;

  private MetricsServer(HttpServer server, Metrics metrics) {
    this.server = server;
    this.metrics = metrics;
  }

  /**
   * Listens.
   *
   * @param address of the loopback; port 0 stands for any free one
   * @throws IllegalArgumentException when the address can be reached from other hosts
   * @throws IOException when the address is in use
   */
  public static MetricsServer start(InetSocketAddress address, Metrics metrics) throws IOException {
    if (address.isUnresolved() || !address.getAddress().isLoopbackAddress()) {
      throw new IllegalArgumentException("metrics are served at a loopback address only");
    }
    // It answers on one thread: a scrape takes a millisecond, and nobody else should ask.
    MetricsServer started = new MetricsServer(HttpServer.create(address, BACKLOG), metrics);
    started.server.createContext("/", started::answer);
    started.server.start();
    return started;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean known = exchange.getRequestURI().getPath().equals("/metrics");
      boolean reads = exchange.getRequestMethod().equals("GET");
      byte[] body =
          (known && reads ? metrics.text() : "GET /metrics\n").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      exchange.sendResponseHeaders(!known ? 404 : reads ? 200 : 405, body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
