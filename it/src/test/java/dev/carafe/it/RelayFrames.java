package dev.carafe.it;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Frames of the relay's protocol (docs/protocol.md), also such as no agent would send. */
final class RelayFrames {
  private static final int DATA = 5;
  private static final int OPEN = 18;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Any frame, whose header may say another length than its payload has. */
  RelayFrames frame(int type, int stream, int length, byte... payload) {
    byte[] header =
        ByteBuffer.allocate(12)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type)
            .putInt(stream)
            .putInt(length)
            .array();
    bytes.writeBytes(header);
    bytes.writeBytes(payload);
    return this;
  }

  /** A connection to a service. */
  RelayFrames open(int stream, int port) {
    return open(stream, 0, port);
  }

  /** A connection to an address. */
  RelayFrames open(int stream, String address, int port) throws UnknownHostException {
    byte[] raw = InetAddress.ofLiteral(address).getAddress();
    return open(stream, raw.length, port, raw);
  }

  /** A connection to a whole IPv6 address, also one that Java takes for IPv4. */
  RelayFrames open(int stream, int kind, int port, byte... address) {
    byte[] payload =
        ByteBuffer.allocate(4 + address.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) kind)
            .putShort((short) port)
            .put(address)
            .array();
    if (address.length == 16) {
      payload[0] = 6;
    }
    return frame(OPEN, stream, payload.length, payload);
  }

  RelayFrames data(int stream, String text) {
    byte[] payload = text.getBytes(StandardCharsets.ISO_8859_1);
    return frame(DATA, stream, payload.length, payload);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
