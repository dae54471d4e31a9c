package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * QEMU's control socket: one JSON object per line each way. QEMU serves one client at a time;
 * others wait in line. Every wait has the deadline given when it was opened. QEMU may have been
 * taken over by its guest: answers are limited in size and nothing in them is trusted.
 *
 * <p>Format: the QEMU Machine Protocol specification, {@code docs/interop/qmp-spec} in QEMU's
 * source.
 */
final class Qmp implements AutoCloseable {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int MAX_LINE = 1 << 20;

  /** Of what is given back at a time: less than a socket takes at once. */
  private static final int PIECE = 12 << 10;

  private final SocketChannel socket;
  private final Selector selector;
  private final long deadline;
  private final ByteBuffer received = ByteBuffer.allocate(8192).flip();

  private Qmp(SocketChannel socket, Selector selector, long deadline) {
    this.socket = socket;
    this.selector = selector;
    this.deadline = deadline;
  }

  /** Connects and negotiates. */
  static Qmp connect(Path path, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
    Selector selector = null;
    try {
      socket.configureBlocking(false);
      selector = Selector.open();
      socket.register(selector, SelectionKey.OP_READ);
      var qmp = new Qmp(socket, selector, deadline);
      // The greeting and the answer may both still be under way: QEMU reads commands in order.
      qmp.send("{\"execute\":\"qmp_capabilities\"}");
      qmp.await("negotiate");
      return qmp;
    } catch (IOException | RuntimeException e) {
      if (selector != null) {
        selector.close();
      }
      socket.close();
      throw e;
    }
  }

  /** Runs a command without arguments; returns its {@code return} as JSON text. */
  String run(String command) throws IOException {
    send("{\"execute\":\"" + command + "\"}");
    return await(command);
  }

  /** Runs a command; {@code arguments} is a JSON object. */
  String run(String command, String arguments) throws IOException {
    send("{\"execute\":\"" + command + "\",\"arguments\":" + arguments + "}");
    return await(command);
  }

  /** The run state: {@code running}, {@code paused}, {@code guest-panicked}, {@code inmigrate}… */
  String status() throws IOException {
    return text(run("query-status"), "status");
  }

  /**
   * Restores the state that QEMU inherited as descriptor 9, leaving memory as it is mapped; the
   * machine then runs.
   */
  void restoreInherited() throws IOException {
    ignoreShared();
    run("migrate-incoming", "{\"uri\":\"fd:9\"}");
  }

  /** Begins to write the devices' state to a socket, a path inside the jail. */
  void beginSave(String socket) throws IOException {
    ignoreShared();
    run("migrate", "{\"uri\":\"unix:" + socket + "\"}");
  }

  /** Whether the state is written and the machine stands still; fails when it cannot be written. */
  boolean saved() throws IOException {
    String status = text(run("query-migrate"), "status");
    if (status.equals("failed") || status.equals("cancelled")) {
      throw new IOException("QEMU could not save the machine's state: " + status);
    }
    return status.equals("completed");
  }

  /** Memory stays in its file; only the devices' state is written or read. */
  void ignoreShared() throws IOException {
    run(
        "migrate-set-capabilities",
        "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}");
  }

  /**
   * The last of what the guest wrote to its console; only for a restored machine. QEMU forgets what
   * it has given out, so it is given back, for whoever looks next; what the guest writes just
   * meanwhile then comes before it.
   */
  String console() throws IOException {
    String read =
        run("ringbuf-read", "{\"device\":\"console\",\"size\":65536,\"format\":\"base64\"}");
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text("{\"text\":" + read + "}", "text"));
    } catch (IllegalArgumentException e) {
      throw new IOException("QEMU gave out a console that is not as it was asked for", e);
    }
    for (int at = 0; at < bytes.length; at += PIECE) {
      byte[] piece = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + PIECE));
      run(
          "ringbuf-write",
          "{\"device\":\"console\",\"format\":\"base64\",\"data\":\""
              + Base64.getEncoder().encodeToString(piece)
              + "\"}");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private void send(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      if (socket.write(bytes) == 0) {
        throw new IOException("QEMU does not read its commands");
      }
    }
  }

  /** Reads lines up to the one that answers; events and the greeting are passed over. */
  private String await(String command) throws IOException {
    for (; ; ) {
      String line = line();
      try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), line)) {
        json.nextToken();
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = json.currentName();
          json.nextToken();
          if (name.equals("return")) {
            return value(line, json);
          }
          if (name.equals("error")) {
            throw new IOException(
                "QEMU refused '" + command + "': " + text(value(line, json), "desc"));
          }
          json.skipChildren();
        }
      } catch (JacksonException e) {
        throw new IOException("QEMU answered with something that is not JSON", e);
      }
    }
  }

  /** The text of the value the parser stands on. */
  private static String value(String line, JsonParser json) {
    int from = (int) json.currentTokenLocation().getCharOffset();
    json.skipChildren();
    json.finishToken();
    return line.substring(from, (int) json.currentLocation().getCharOffset());
  }

  private static String text(String object, String property) throws IOException {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), object)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        if (json.nextToken() == JsonToken.VALUE_STRING && name.equals(property)) {
          return json.getString();
        }
        json.skipChildren();
      }
    } catch (JacksonException e) {
      throw new IOException("QEMU answered with something that is not JSON", e);
    }
    throw new IOException("QEMU's answer has no '" + property + "'");
  }

  private String line() throws IOException {
    var line = new ByteArrayOutputStream(256);
    for (; ; ) {
      while (received.hasRemaining()) {
        byte b = received.get();
        if (b == '\n') {
          return line.toString(StandardCharsets.UTF_8);
        }
        line.write(b);
      }
      if (line.size() > MAX_LINE) {
        throw new IOException("QEMU's answer is too long");
      }
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new IOException("QEMU did not answer in time");
      }
      selector.select(left);
      received.clear();
      int n = socket.read(received);
      received.flip();
      if (n < 0) {
        throw new IOException("QEMU closed its control socket");
      }
    }
  }

  /** As a {@link MachineException}. */
  static MachineException failure(String attempted, IOException e) {
    return new MachineException(ErrorCode.ENGINE, attempted, Storage.explain(e), e);
  }

  @Override
  public void close() {
    try {
      selector.close();
      socket.close();
    } catch (IOException e) {
      // Nothing depends on it.
    }
  }
}
