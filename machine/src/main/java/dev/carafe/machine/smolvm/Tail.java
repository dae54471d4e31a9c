package dev.carafe.machine.smolvm;

import java.nio.charset.StandardCharsets;

/** The last bytes of a stream. Safe for use by many threads. */
final class Tail {
  private static final int BYTES = 16 << 10;

  private final byte[] ring = new byte[BYTES];
  private long written;

  synchronized void add(byte[] bytes, int at, int length) {
    int kept = Math.min(length, BYTES);
    written += length - kept;
    int start = (int) (written % BYTES);
    int first = Math.min(kept, BYTES - start);
    System.arraycopy(bytes, at + length - kept, ring, start, first);
    System.arraycopy(bytes, at + length - kept + first, ring, 0, kept - first);
    written += kept;
  }

  /** As UTF-8, malformed bytes replaced. */
  synchronized String text() {
    int length = (int) Math.min(written, BYTES);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = ring[(int) ((written - length + i) % BYTES)];
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
