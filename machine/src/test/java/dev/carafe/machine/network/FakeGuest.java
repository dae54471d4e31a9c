package dev.carafe.machine.network;

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

/** The guest's end of a relay, played by hand: what it says is up to the test. */
final class FakeGuest implements AutoCloseable {
  /** A frame of the host's. */
  record Frame(int type, int flags, int stream, byte[] payload) {
    int number() {
      return little(payload.length).put(payload).getInt(0);
    }

    boolean end() {
      return (flags & Wire.END) != 0;
    }

    String text() {
      return new String(payload, StandardCharsets.ISO_8859_1);
    }
  }

  final SocketChannel host;
  private final SocketChannel guest;

  FakeGuest(Path directory) throws IOException {
    var address = UnixDomainSocketAddress.of(directory.resolve("net-" + System.nanoTime()));
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      host = SocketChannel.open(address);
      guest = server.accept();
    }
  }

  /** Answers the greeting, and the SETUP that follows. */
  Frame welcome() throws IOException {
    Frame hello = next();
    if (hello.type() != 1 || !hello.text().startsWith("CARAFENT")) {
      throw new AssertionError("no greeting: " + hello);
    }
    byte[] welcome =
        little(44)
            .put(hello.payload(), 0, 8)
            .put(hello.payload(), 12, 16)
            .putShort((short) 1)
            .putShort((short) 0)
            .putInt(65_536)
            .putInt(1_024)
            .putInt(131_072)
            .putInt(0)
            .array();
    send(2, 0, 0, welcome);
    Frame setup = next(Wire.SETUP);
    setupDone();
    return setup;
  }

  void setupDone() throws IOException {
    send(Wire.SETUP_DONE, 0, 0, new byte[4]);
  }

  Frame next() throws IOException {
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
  Frame next(int type) throws IOException {
    Frame frame = next();
    if (frame.type() != type) {
      throw new AssertionError(
          "a frame of type " + frame.type() + " instead of " + type + ": " + frame.text());
    }
    return frame;
  }

  private void fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (guest.read(buffer) < 0) {
        throw new EOFException("the host closed the port");
      }
    }
  }

  /** Whether the host has closed the port; reads away what it still said. */
  boolean isClosed() throws IOException {
    try {
      while (true) {
        next();
      }
    } catch (IOException e) {
      return true;
    }
  }

  void send(int type, int flags, int stream, byte[] payload) throws IOException {
    raw(
        little(12 + payload.length)
            .put((byte) type)
            .put((byte) flags)
            .putShort((short) 0)
            .putInt(stream)
            .putInt(payload.length)
            .put(payload)
            .array());
  }

  void raw(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      guest.write(buffer);
    }
  }

  /** Says nothing more: a host that has found nothing wrong so far finds only that. */
  void fallSilent() throws IOException {
    guest.shutdownOutput();
  }

  void open(int stream, int kind, int port, byte... address) throws IOException {
    ByteBuffer payload = little(4 + address.length);
    payload.put((byte) kind).put((byte) 0).putShort((short) port).put(address);
    send(Wire.OPEN, 0, stream, payload.array());
  }

  void data(int stream, String text, boolean end) throws IOException {
    send(Wire.DATA, end ? Wire.END : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  void credit(int stream, int bytes) throws IOException {
    send(Wire.CREDIT, 0, stream, number(bytes));
  }

  static byte[] number(int number) {
    return little(4).putInt(number).array();
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    guest.close();
  }
}
