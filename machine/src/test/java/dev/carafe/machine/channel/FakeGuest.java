package dev.carafe.machine.channel;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * The guest's end of a channel, in a test's hands: it sends what the test says, well-formed or not,
 * and shows frame by frame what the host has sent.
 */
public final class FakeGuest implements AutoCloseable {
  /** A frame as it came from the host. */
  public record Frame(int type, int flags, int stream, byte[] payload) {
    int number() {
      return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    String text() {
      return new String(payload, StandardCharsets.ISO_8859_1);
    }
  }

  /** The host's end; the test gives it to {@link Channel#open}. */
  final SocketChannel host;

  private final SocketChannel guest;
  private final byte[] nonce = new byte[Protocol.NONCE_BYTES];

  public FakeGuest(Path directory) throws IOException {
    UnixDomainSocketAddress address =
        UnixDomainSocketAddress.of(directory.resolve("fake-" + System.nanoTime()));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      host = SocketChannel.open(address);
      guest = server.accept();
    }
  }

  /** Opens a channel to a fake guest that greets as it should. */
  Channel channel(Patience patience) throws Exception {
    CompletableFuture<Channel> opening = opening(true, Duration.ofSeconds(20), patience);
    expectHello();
    welcome(0);
    return opening.get();
  }

  public Channel channel() throws Exception {
    return channel(Patience.NORMAL);
  }

  CompletableFuture<Channel> opening(boolean clean, Duration deadline, Patience patience) {
    CompletableFuture<Channel> opened = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                opened.complete(Channel.open(host, clean, deadline, patience));
              } catch (Throwable e) {
                opened.completeExceptionally(e);
              }
            });
    return opened;
  }

  /** Reads the greeting, and keeps its nonce. */
  void expectHello() throws IOException {
    Frame hello = next();
    ByteBuffer payload = ByteBuffer.wrap(hello.payload()).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[8];
    payload.get(magic);
    if (hello.type() != Protocol.HELLO
        || hello.stream() != 0
        || payload.getInt() != 0x0001_0001
        || !new String(magic, StandardCharsets.ISO_8859_1).equals("CARAFE\r\n")) {
      throw new AssertionError("no greeting: " + hello);
    }
    payload.get(nonce);
  }

  byte[] nonce() {
    return nonce.clone();
  }

  void welcome(int flags) throws IOException {
    send(frame(Protocol.WELCOME, 0, 0, welcomePayload(nonce, 1, flags)));
  }

  static byte[] welcomePayload(byte[] nonce, int version, int flags) {
    return little(44)
        .put(Greeting.CHANNEL.bytes())
        .put(nonce)
        .putShort((short) version)
        .putShort((short) flags)
        .putInt(65_536)
        .putInt(64)
        .putInt(262_144)
        .putInt(0)
        .array();
  }

  /** The next frame from the host; padding before it is skipped. */
  public Frame next() throws IOException {
    ByteBuffer header = little(12).limit(1);
    do {
      header.clear().limit(1);
      fill(header);
    } while (header.get(0) == 0);
    fill(header.limit(12));
    ByteBuffer payload = little(header.getInt(8));
    fill(payload);
    return new Frame(header.get(0) & 0xff, header.get(1) & 0xff, header.getInt(4), payload.array());
  }

  /** The next frame, which must be of this type. */
  public Frame next(int type) throws IOException {
    Frame frame = next();
    if (frame.type() != type) {
      throw new AssertionError("a frame of type " + frame.type() + " instead of " + type);
    }
    return frame;
  }

  int readByte() throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    return guest.read(one) < 0 ? -1 : one.get(0) & 0xff;
  }

  private void fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (guest.read(buffer) < 0) {
        throw new EOFException("the host has closed the connection");
      }
    }
  }

  void send(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      guest.write(buffer);
    }
  }

  void started(int stream, int pid) throws IOException {
    send(frame(Protocol.STARTED, 0, stream, little(4).putInt(pid).array()));
  }

  void data(int stream, int lane, boolean end, byte[] bytes) throws IOException {
    send(frame(Protocol.DATA, lane | (end ? Protocol.END : 0), stream, bytes));
  }

  void credit(int stream, int bytes) throws IOException {
    send(frame(Protocol.CREDIT, 0, stream, little(4).putInt(bytes).array()));
  }

  public void result(int stream, int kind, int code, String message) throws IOException {
    send(frame(Protocol.RESULT, 0, stream, resultPayload(kind, code, message)));
  }

  /** Ends both of a command's lanes, and says how it went. */
  void finish(int stream, int kind, int code, String message) throws IOException {
    data(stream, Protocol.OUTPUT, true, new byte[0]);
    data(stream, Protocol.ERROR, true, new byte[0]);
    result(stream, kind, code, message);
  }

  static byte[] resultPayload(int kind, int code, String message) {
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    return little(8 + text.length).putInt(kind).putInt(code).put(text).array();
  }

  static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return little(12 + payload.length)
        .put((byte) type)
        .put((byte) flags)
        .putShort((short) 0)
        .putInt(stream)
        .putInt(payload.length)
        .put(payload)
        .array();
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Says nothing more: a host that has found nothing wrong so far finds only that. */
  void fallSilent() throws IOException {
    guest.shutdownOutput();
  }

  /** Closes the guest's end only. */
  void hangUp() throws IOException {
    guest.close();
  }

  @Override
  public void close() throws IOException {
    guest.close();
    host.close();
  }
}
