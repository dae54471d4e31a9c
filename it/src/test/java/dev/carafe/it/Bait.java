package dev.carafe.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/** A service of this host's loopback that no guest is to reach. It counts who comes. */
final class Bait implements AutoCloseable {
  private final ServerSocket server;
  private final AtomicInteger visitors = new AtomicInteger();

  private Bait(ServerSocket server) {
    this.server = server;
  }

  static Bait lay() throws IOException {
    Bait bait = new Bait(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")));
    Thread.ofVirtual().start(bait::serve);
    return bait;
  }

  private void serve() {
    try {
      while (true) {
        try (Socket visitor = server.accept()) {
          visitors.incrementAndGet();
          visitor.getOutputStream().write("bait".getBytes(StandardCharsets.US_ASCII));
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  int port() {
    return server.getLocalPort();
  }

  int visitors() {
    return visitors.get();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
