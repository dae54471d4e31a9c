package dev.carafe.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The server behind the proxies: Debian's nginx on the loopback, HTTP/1.1 and HTTP/2 over TLS, and
 * HTTP/1.1 without. It sends the files of a directory, and what is sent to {@code /sink} it hands
 * to this process, which reads it to its end before it answers.
 */
final class WebServer implements AutoCloseable {
  /** A file of this many bytes is always there. */
  static final int SMALL = 1024;

  private final Path certificate;
  private final Path files;
  private final int tls;
  private final int plain;
  private final ServerSocket sink;
  private final Child nginx;

  /**
   * @param programs where nginx is unpacked
   * @param directory for files, made here and removed by the caller
   */
  WebServer(Path programs, Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    files = Files.createDirectories(directory.resolve("files"));
    Files.write(files.resolve("small"), "x".repeat(SMALL).getBytes(StandardCharsets.US_ASCII));
    certificate = directory.resolve("certificate.pem");
    Path key = directory.resolve("key.pem");
    Commands.run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        key.toString(),
        "-out",
        certificate.toString());
    sink = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("sink").start(this::accept);
    tls = freePort();
    plain = freePort();
    Path configuration = directory.resolve("nginx.conf");
    Files.writeString(configuration, configuration(directory, key));
    nginx =
        Child.start(
            directory.resolve("nginx.log"),
            List.of(
                programs.resolve("usr/sbin/nginx").toString(),
                "-p",
                directory + "/",
                "-c",
                configuration.toString(),
                "-e",
                directory.resolve("error.log").toString()));
    nginx.awaitPort(tls);
  }

  private String configuration(Path directory, Path key) {
    StringBuilder text = new StringBuilder("daemon off; worker_processes 1; pid nginx.pid;\n");
    if (System.getProperty("user.name").equals("root")) {
      text.append("user root;\n");
    }
    text.append("events { worker_connections 1024; }\nhttp {\naccess_log off;\n");
    for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      text.append(kind).append("_temp_path ").append(directory).append("/temp;\n");
    }
    return text.append("keepalive_requests 100000000; keepalive_timeout 600s; sendfile on;\n")
        .append("client_max_body_size 0; output_buffers 2 128k; client_body_buffer_size 256k;\n")
        .append("ssl_certificate ")
        .append(certificate)
        .append(";\n")
        .append("ssl_certificate_key ")
        .append(key)
        .append(";\n")
        .append("ssl_protocols TLSv1.2 TLSv1.3;\n")
        .append("server {\n")
        .append("listen 127.0.0.1:")
        .append(tls)
        .append(" ssl http2;\n")
        .append("listen 127.0.0.1:")
        .append(plain)
        .append(";\n")
        .append("root ")
        .append(files)
        .append(";\n")
        .append("location /sink { proxy_request_buffering off; proxy_http_version 1.1;\n")
        .append("proxy_pass http://127.0.0.1:")
        .append(sink.getLocalPort())
        .append("; }\n}\n}\n")
        .toString();
  }

  /** What its certificate is signed by: itself, PEM. */
  Path certificate() {
    return certificate;
  }

  /** What it sends. */
  Path files() {
    return files;
  }

  int tlsPort() {
    return tls;
  }

  int plainPort() {
    return plain;
  }

  /** A port that nobody listens on now. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void accept() {
    while (!sink.isClosed()) {
      try {
        Socket socket = sink.accept();
        Thread.ofPlatform().daemon().start(() -> swallow(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void swallow(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      long left = length(in);
      byte[] piece = new byte[1 << 18];
      for (int n; left > 0 && (n = in.read(piece)) >= 0; ) {
        left -= n;
      }
      if (left == 0) {
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      }
    } catch (IOException e) {
      // The sender sees that there is no answer.
    }
  }

  /** Reads a request's head; how long its body is. */
  private static long length(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("no request");
      }
      head.append((char) b);
    }
    for (String line : head.toString().split("\r\n")) {
      if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
        return Long.parseLong(line.substring(line.indexOf(':') + 1).strip());
      }
    }
    throw new IOException("a request without a length");
  }

  @Override
  public void close() throws IOException {
    nginx.close();
    sink.close();
  }
}
