package dev.carafe.it;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The host's own proxy, as behind a company's: it knows names that resolve nowhere, and leads each
 * to a port of this host's loopback. CONNECT and nothing else.
 */
final class HostProxy implements AutoCloseable {
  static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private static final int PIECE = 1 << 16;

  private final ServerSocket listener = new ServerSocket();
  private final Map<String, Integer> ports = new ConcurrentHashMap<>();

  /** Whom it was asked to lead to, as {@code host:port}. */
  final BlockingQueue<String> destinations = new LinkedBlockingQueue<>();

  HostProxy() throws IOException {
    // What the kernel keeps for a server that does not read is not to hide what others keep.
    listener.setReceiveBufferSize(PIECE);
    listener.bind(new InetSocketAddress(LOOPBACK, 0), 64);
    Thread.ofVirtual().start(this::accept);
  }

  /** A name leads to that port, whatever port is asked for; {@code host:port} for that one only. */
  HostProxy lead(String name, int port) {
    ports.put(name, port);
    return this;
  }

  /** As HTTPS_PROXY names it. */
  String url() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Thread.ofVirtual().start(() -> tunnel(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void tunnel(Socket client) {
    try (client;
        Socket server = new Socket()) {
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
      Integer port = ports.getOrDefault(destination, ports.get(destination.split(":")[0]));
      String answer = port == null ? "HTTP/1.1 502 Unknown\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n";
      client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
      if (port != null) {
        // Or each small frame, such as one that opens a window, waits 40 ms for an acknowledgement.
        server.setTcpNoDelay(true);
        client.setTcpNoDelay(true);
        server.setSendBufferSize(PIECE);
        server.setReceiveBufferSize(PIECE);
        client.setSendBufferSize(PIECE);
        server.connect(new InetSocketAddress(LOOPBACK, port));
        pass(client, server);
      }
    } catch (IOException e) {
      // The client sees its connection end.
    }
  }

  private static void pass(Socket client, Socket server) throws IOException {
    Thread up =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    client.getInputStream().transferTo(server.getOutputStream());
                    server.shutdownOutput();
                  } catch (IOException e) {
                    // The other direction ends too.
                  }
                });
    server.getInputStream().transferTo(client.getOutputStream());
    up.interrupt();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
