package dev.carafe.machine.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Bytes of the guest that could not be passed on yet: at most a window of them, and no memory while
 * there are none.
 */
final class Pending {
  private static final int LEAST = 4_096;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** Ready to be read. */
  private ByteBuffer bytes = NOTHING;

  boolean isEmpty() {
    return !bytes.hasRemaining();
  }

  int size() {
    return bytes.remaining();
  }

  void add(ByteBuffer more) {
    int needed = bytes.remaining() + more.remaining();
    if (bytes.capacity() - bytes.limit() < more.remaining()) {
      int capacity = bytes.capacity();
      if (capacity < needed) {
        capacity = Math.max(LEAST, Math.min(Wire.WINDOW, Math.max(needed, 2 * capacity)));
        bytes = ByteBuffer.allocate(capacity).put(bytes).flip();
      } else {
        bytes.compact().flip();
      }
    }
    int start = bytes.position();
    bytes.position(bytes.limit()).limit(bytes.capacity());
    bytes.put(more);
    bytes.limit(bytes.position()).position(start);
  }

  /** Writes what the channel takes. */
  int writeTo(WritableByteChannel channel) throws IOException {
    int written = channel.write(bytes);
    release();
    return written;
  }

  /** The byte at {@code index} of what is there. */
  int peek(int index) {
    return bytes.get(bytes.position() + index) & 0xff;
  }

  byte[] take(int length) {
    byte[] taken = new byte[length];
    bytes.get(taken);
    release();
    return taken;
  }

  private void release() {
    if (!bytes.hasRemaining()) {
      bytes = NOTHING;
    }
  }

  void clear() {
    bytes = NOTHING;
  }
}
