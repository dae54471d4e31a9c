package dev.carafe.bench;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Requests to Docker's engine over its Unix socket, one connection each. HTTP/1.0, whose answers
 * end with the connection: nothing to parse but the first line and the end of the head.
 */
final class DockerHttp {
  private final UnixDomainSocketAddress address;

  DockerHttp(Path socket) {
    this.address = UnixDomainSocketAddress.of(socket);
  }

  /** Sends JSON, or nothing when {@code json} is empty; returns the answer's body. */
  String call(String method, String path, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    try (SocketChannel socket = SocketChannel.open(address)) {
      OutputStream out = Channels.newOutputStream(socket);
      out.write(head(method, path, "application/json", body.length));
      out.write(body);
      InputStream in = new BufferedInputStream(Channels.newInputStream(socket));
      int status = status(in);
      String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      if (status >= 300 && status != 304) {
        throw new IOException(method + " " + path + ": " + status + " " + answer.strip());
      }
      return answer;
    }
  }

  /** Sends a file. */
  void put(String path, Path file) throws IOException {
    try (SocketChannel socket = SocketChannel.open(address)) {
      OutputStream out = Channels.newOutputStream(socket);
      out.write(head("PUT", path, "application/x-tar", Files.size(file)));
      try (InputStream from = Files.newInputStream(file)) {
        pass(from, out);
      }
      InputStream in = new BufferedInputStream(Channels.newInputStream(socket));
      int status = status(in);
      if (status != 200) {
        throw new IOException("PUT " + path + ": " + status + " " + new String(in.readAllBytes()));
      }
    }
  }

  /** Sends JSON, or nothing, and passes the answer's body on; returns its length. */
  long get(String method, String path, String json, OutputStream to) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    try (SocketChannel socket = SocketChannel.open(address)) {
      OutputStream out = Channels.newOutputStream(socket);
      out.write(head(method, path, "application/json", body.length));
      out.write(body);
      InputStream in = new BufferedInputStream(Channels.newInputStream(socket), 1 << 16);
      int status = status(in);
      if (status != 200) {
        throw new IOException(method + " " + path + ": " + status);
      }
      return pass(in, to);
    }
  }

  private static long pass(InputStream from, OutputStream to) throws IOException {
    byte[] piece = new byte[1 << 16];
    long total = 0;
    for (int n; (n = from.read(piece)) >= 0; total += n) {
      to.write(piece, 0, n);
    }
    return total;
  }

  private static byte[] head(String method, String path, String type, long length) {
    return (method
            + " "
            + path
            + " HTTP/1.0\r\nHost: docker\r\nContent-Type: "
            + type
            + "\r\nContent-Length: "
            + length
            + "\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Reads the head; what is left is the body. */
  private static int status(InputStream in) throws IOException {
    var head = new ByteArrayOutputStream();
    int newlines = 0;
    while (newlines < 2) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("the engine closed the connection");
      }
      newlines = b == '\n' ? newlines + 1 : b == '\r' ? newlines : 0;
      head.write(b);
    }
    String line = head.toString(StandardCharsets.US_ASCII);
    return Integer.parseInt(line, line.indexOf(' ') + 1, line.indexOf(' ') + 4, 10);
  }
}
