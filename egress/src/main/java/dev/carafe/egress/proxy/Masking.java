package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.BodyScan;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Sends something small through a body's scan as a whole. */
final class Masking {
  private Masking() {}

  static byte[] whole(BodyScan scan, byte[] bytes) throws Refused {
    ByteArrayOutputStream result = new ByteArrayOutputStream(bytes.length);
    try (scan) {
      append(result, scan.feed(ByteBuffer.wrap(bytes)));
      append(result, scan.finish());
    } catch (BlockedException e) {
      throw Refused.found(e.finding());
    }
    return result.toByteArray();
  }

  private static void append(ByteArrayOutputStream to, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    to.writeBytes(copy);
  }
}
