package dev.carafe.it;

import com.sun.net.httpserver.HttpExchange;
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
 * A server with TLS on loopback under names that resolve nowhere, and the host's proxy that leads
 * to it: as behind a company's proxy, the proxy resolves the names. It answers every request with
 * what it got.
 */
final class Upstream implements AutoCloseable {
  private final HttpsServer server;
  private final ServerSocket proxy;
  private final Path certificate;

  /** One text for each request: method, path, then the headers, a line each. */
  final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

  private Upstream(HttpsServer server, ServerSocket proxy, Path certificate) {
    this.server = server;
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
    Upstream upstream = new Upstream(server, new ServerSocket(0, 64, loopback), certificate);
    server.createContext("/", upstream::answer);
    server.setExecutor(Thread::startVirtualThread);
    server.start();
    Thread.ofVirtual().start(upstream::tunnels);
    return upstream;
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
        Socket to = new Socket(server.getAddress().getAddress(), server.getAddress().getPort())) {
      InputStream in = client.getInputStream();
      int newlines = 0;
      while (newlines < 2) {
        int next = in.read();
        if (next < 0) {
          return;
        }
        newlines = next == '\n' ? newlines + 1 : next == '\r' ? newlines : 0;
      }
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
  }
}
