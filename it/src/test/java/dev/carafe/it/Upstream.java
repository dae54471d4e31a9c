package dev.carafe.it;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A server on loopback under names that resolve nowhere, with TLS and on port 80 without, and the
 * host's proxy that leads to it: as behind a company's proxy, the proxy resolves the names. It
 * answers every request with what it got, unless {@link #serve} says otherwise.
 */
final class Upstream implements AutoCloseable {
  private static final int PIECE = 1 << 16;

  private final HttpsServer server;
  private final HttpServer plain;
  private final ServerSocket proxy;
  private final Path certificate;

  /** One text for each request: method, path, then the headers, a line each. */
  final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

  /** Whom the proxy was asked to lead to, as {@code host:port}. */
  final BlockingQueue<String> destinations = new LinkedBlockingQueue<>();

  private Upstream(HttpsServer server, HttpServer plain, ServerSocket proxy, Path certificate) {
    this.server = server;
    this.plain = plain;
    this.proxy = proxy;
    this.certificate = certificate;
  }

  static Upstream start(Path directory, String... names) throws Exception {
    Path store = directory.resolve("upstream.p12");
    String subjects = "san=dns:" + String.join(",dns:", names);
    Process keytool =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-genkeypair",
                    "-alias",
                    "upstream",
                    "-keyalg",
                    "EC",
                    "-dname",
                    "CN=upstream",
                    "-ext",
                    subjects,
                    "-keystore",
                    store.toString(),
                    "-storepass",
                    "changeit"))
            .inheritIO()
            .start();
    if (keytool.waitFor() != 0) {
      throw new IOException("keytool failed");
    }
    char[] password = "changeit".toCharArray();
    KeyStore keys = KeyStore.getInstance(store.toFile(), password);
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, password);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    Path certificate = directory.resolve("upstream.pem");
    Files.writeString(
        certificate,
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(keys.getCertificate("upstream").getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    HttpsServer server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    HttpServer plain = HttpServer.create(new InetSocketAddress(loopback, 0), 0);
    ServerSocket proxy = new ServerSocket();
    // What the kernel keeps for a server that does not read is not to hide what others keep.
    proxy.setReceiveBufferSize(PIECE);
    proxy.bind(new InetSocketAddress(loopback, 0), 64);
    Upstream upstream = new Upstream(server, plain, proxy, certificate);
    upstream.serve("/", upstream::answer);
    for (HttpServer each : List.of(server, plain)) {
      each.setExecutor(Thread::startVirtualThread);
      each.start();
    }
    Thread.ofVirtual().start(upstream::tunnels);
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
    return "http://127.0.0.1:" + proxy.getLocalPort();
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

  private void tunnels() {
    while (!proxy.isClosed()) {
      try {
        Socket client = proxy.accept();
        Thread.ofVirtual().start(() -> tunnel(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void tunnel(Socket client) {
    try (client;
        Socket to = new Socket()) {
      InputStream in = client.getInputStream();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        if (next < 0) {
          return;
        }
        head.append((char) next);
      }
      String destination = head.toString().split(" ")[1];
      destinations.add(destination);
      to.setSendBufferSize(PIECE);
      to.setReceiveBufferSize(PIECE);
      client.setSendBufferSize(PIECE);
      to.connect((destination.endsWith(":80") ? plain : server).getAddress());
      client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      Thread up =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      in.transferTo(to.getOutputStream());
                      to.shutdownOutput();
                    } catch (IOException e) {
                      // The other direction ends too.
                    }
                  });
      to.getInputStream().transferTo(client.getOutputStream());
      up.interrupt();
    } catch (IOException e) {
      // The client sees its connection end.
    }
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    server.stop(0);
    plain.stop(0);
  }
}
