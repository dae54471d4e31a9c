package dev.carafe.machine.channel;

import java.nio.ByteBuffer;

/**
 * What a guest has sent on one lane and nobody has read yet, at most a window of it, and the credit
 * that is owed for what was read. Takes memory only as bytes arrive. Not safe for threads: its
 * {@link Stream} guards it.
 */
final class Lane {
  private static final int FIRST_BYTES = 8_192;
  private static final byte[] NONE = new byte[0];

  private byte[] ring = NONE;
  private int head;
  private int size;
  private int window = Protocol.WINDOW;
  private int owed;
  private boolean ended;
  private boolean discarding;

  /** Takes in the next {@code length} bytes at {@code offset} of a frame. */
  void receive(ByteBuffer frame, int offset, int length, boolean end) throws Violation {
    if (ended) {
      throw new Violation("sent data after the end of its lane");
    }
    if (length > window) {
      throw new Violation("sent more data than it had credit for");
    }
    window -= length;
    ended = end;
    if (discarding) {
      owed += length;
      return;
    }
    if (length > ring.length - size) {
      grow(size + length);
    }
    int tail = (head + size) & (ring.length - 1);
    int first = Math.min(length, ring.length - tail);
    frame.get(offset, ring, tail, first);
    frame.get(offset + first, ring, 0, length - first);
    size += length;
  }

  /** The ring's size stays a power of two; the window is one, so this never exceeds it. */
  private void grow(int needed) {
    int capacity = Math.max(FIRST_BYTES, ring.length);
    while (capacity < needed) {
      capacity <<= 1;
    }
    byte[] wider = new byte[capacity];
    int first = Math.min(size, ring.length - head);
    System.arraycopy(ring, head, wider, 0, first);
    System.arraycopy(ring, 0, wider, first, size - first);
    ring = wider;
    head = 0;
  }

  /** Moves out as much as there is and fits. */
  int take(byte[] to, int offset, int length) {
    int taken = Math.min(length, size);
    int first = Math.min(taken, ring.length - head);
    System.arraycopy(ring, head, to, offset, first);
    System.arraycopy(ring, 0, to, offset + first, taken - first);
    taken(taken);
    return taken;
  }

  /** Moves out as much as there is and fits. */
  int take(ByteBuffer to) {
    int taken = Math.min(to.remaining(), size);
    int first = Math.min(taken, ring.length - head);
    to.put(ring, head, first).put(ring, 0, taken - first);
    taken(taken);
    return taken;
  }

  private void taken(int bytes) {
    size -= bytes;
    head = size == 0 ? 0 : (head + bytes) & (ring.length - 1);
    owed += bytes;
  }

  /** Drops what is there, and whatever is still to come. */
  void discard() {
    discarding = true;
    owed += size;
    size = 0;
    head = 0;
    ring = NONE;
  }

  /**
   * The credit to give now, which from then on counts as given; 0 while it is not worth a frame.
   */
  int credit() {
    if (ended || owed < Protocol.WINDOW / 2) {
      return 0;
    }
    int credit = owed;
    owed = 0;
    window += credit;
    return credit;
  }

  void end() {
    ended = true;
  }

  boolean ended() {
    return ended;
  }

  int size() {
    return size;
  }
}
