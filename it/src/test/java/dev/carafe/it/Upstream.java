package dev.carafe.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A server on loopback under names that resolve nowhere, with TLS and on port 80 without, and the
 * host's proxy that leads to it. It answers every request with what it got, unless {@link #serve}
 * says otherwise.
 */
final class Upstream implements AutoCloseable {
  private final HttpsServer server;
  private final HttpServer plain;
  private final HostProxy proxy;
  private final Path certificate;

  /** One text for each request: method, path, then the headers, a line each. */
  final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

  private Upstream(HttpsServer server, HttpServer plain, HostProxy proxy, Path certificate) {
    this.server = server;
    this.plain = plain;
    this.proxy = proxy;
    this.certificate = certificate;
  }

  static Upstream start(Path directory, String... names) throws Exception {
    ServerKeys keys = ServerKeys.make(directory, names);
    HttpsServer server = HttpsServer.create(new InetSocketAddress(HostProxy.LOOPBACK, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(keys.tls()));
    HttpServer plain = HttpServer.create(new InetSocketAddress(HostProxy.LOOPBACK, 0), 0);
    HostProxy proxy = new HostProxy();
    for (String name : names) {
      proxy.lead(name, server.getAddress().getPort());
      proxy.lead(name + ":80", plain.getAddress().getPort());
    }
    Upstream upstream = new Upstream(server, plain, proxy, keys.certificate());
    upstream.serve("/", upstream::answer);
    for (HttpServer each : List.of(server, plain)) {
      each.setExecutor(Thread::startVirtualThread);
      each.start();
    }
    return upstream;
  }

  /** Has requests whose path begins so answered in another way. */
  void serve(String path, HttpHandler handler) {
    server.createContext(path, handler);
    plain.createContext(path, handler);
  }

  /** What the server's certificate must be verified with, PEM. */
  Path certificate() {
    return certificate;
  }

  /** The host's proxy, as HTTPS_PROXY names it. */
  String proxy() {
    return proxy.url();
  }

  /** Whom the proxy was asked to lead to, as {@code host:port}. */
  BlockingQueue<String> destinations() {
    return proxy.destinations;
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    StringBuilder seen = new StringBuilder();
    seen.append(exchange.getRequestMethod()).append(' ').append(exchange.getRequestURI());
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> values.forEach(v -> seen.append('\n').append(name + ": " + v)));
    requests.add(seen.toString());
    byte[] answer =
        (seen + "\n\n" + new String(body, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, answer.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(answer);
    }
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    server.stop(0);
    plain.stop(0);
  }
}
