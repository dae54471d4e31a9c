package dev.carafe.egress;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** A client that sends exactly what it is told, and reads HTTP/1.1 answers. */
public final class Wire implements AutoCloseable {
  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private Wire(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(30_000);
    this.in = socket.getInputStream();
    this.out = socket.getOutputStream();
  }

  /** One answer. */
  public record Answer(int status, List<String> head, String body) {
    public String header(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ":";
      return head.stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(line -> line.substring(prefix.length()).strip())
          .findFirst()
          .orElse("");
    }
  }

  public static Wire to(InetSocketAddress address) throws IOException {
    return new Wire(new Socket(address.getAddress(), address.getPort()));
  }

  public Wire send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public Wire send(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
    return this;
  }

  /** Says that no more will be sent. */
  public Wire half() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  public Socket socket() {
    return socket;
  }

  /** Asks for a tunnel, and expects one. */
  public Wire connect(String to) throws IOException {
    send("CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n");
    String head = head();
    if (!head.startsWith("HTTP/1.1 200 ")) {
      throw new IOException(head + rest());
    }
    return this;
  }

  /** TLS from here on. */
  public Wire tls(SSLContext context, String name, String... protocols) throws IOException {
    SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, name, 443, true);
    SSLParameters parameters = tls.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    if (!name.isEmpty()) {
      parameters.setServerNames(List.of(new SNIHostName(name)));
    }
    parameters.setApplicationProtocols(protocols);
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    return new Wire(tls);
  }

  private String head() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("the connection ended within: " + head);
      }
      head.write(b);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  /** The next answer, whole. */
  public Answer answer() throws IOException {
    return answer("GET");
  }

  /** The next answer to a method, whole. */
  public Answer answer(String method) throws IOException {
    List<String> lines = head().lines().filter(line -> !line.isEmpty()).toList();
    int status = Integer.parseInt(lines.getFirst().substring(9, 12));
    Answer bare = new Answer(status, lines, "");
    if (method.equals("HEAD") || status < 200 || status == 204 || status == 304) {
      return bare;
    }
    String length = bare.header("content-length");
    String body;
    if (bare.header("transfer-encoding").equals("chunked")) {
      body = chunks();
    } else if (length.isEmpty()) {
      body = rest();
    } else {
      body = new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.UTF_8);
    }
    return new Answer(status, lines, body);
  }

  private String chunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int length = Integer.parseInt(line(), 16);
      if (length == 0) {
        break;
      }
      body.write(in.readNBytes(length));
      line();
    }
    for (String line = line(); !line.isEmpty(); line = line()) {
      body.writeBytes(("trailer " + line + "\n").getBytes(StandardCharsets.ISO_8859_1));
    }
    return body.toString(StandardCharsets.UTF_8);
  }

  /** One line without its end. */
  public String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the connection ended within a line: " + line);
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
  }

  public byte[] bytes(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new IOException("the connection ended after " + bytes.length + " bytes");
    }
    return bytes;
  }

  /** What comes until the end of the connection. */
  public String rest() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
