package dev.carafe.machine.channel;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * Reads a copy as a guest sends it, and lets through no entry or chunk that is malformed in itself.
 * After a file's entry, all its chunks must be taken before the next entry. Holds one buffer, not a
 * file. Not for use by several threads.
 */
final class EntryReader {
  private static final byte[] NONE = new byte[0];

  private final ReadableByteChannel from;
  private final ByteBuffer in;
  private boolean first = true;
  private boolean inFile;
  private byte[] name = NONE;
  private long position;
  private int left;
  private long size;

  EntryReader(ReadableByteChannel from) {
    this.from = from;
    in = FrameReader.buffer(Protocol.MAX_PAYLOAD).flip();
  }

  /** The next entry; null at the end of the copy. */
  Entry next() throws IOException {
    if (inFile) {
      throw new IllegalStateException("the file before has not been read to its end");
    }
    need(Entry.HEADER_BYTES);
    int kind = in.getInt();
    int mode = in.getInt();
    int uid = in.getInt();
    int gid = in.getInt();
    long seconds = in.getLong();
    int nanos = in.getInt();
    int major = in.getInt();
    int minor = in.getInt();
    int pathLength = Short.toUnsignedInt(in.getShort());
    int targetLength = Short.toUnsignedInt(in.getShort());
    // The three bytes above the kind are zero, so anything there makes the kind too large.
    if (kind < Entry.END || kind > Entry.FIFO) {
      throw new Violation("sent an entry of an unknown kind");
    }
    if ((mode & ~Entry.MAX_MODE) != 0) {
      throw new Violation("sent an entry with an impossible mode");
    }
    if (nanos < 0 || nanos >= Entry.NANOS) {
      throw new Violation("sent an entry with an impossible time");
    }
    if (pathLength > Protocol.MAX_PATH || targetLength > Protocol.MAX_PATH) {
      throw new Violation("sent an entry with a name that is too long");
    }
    boolean linked = kind == Entry.SYMBOLIC_LINK || kind == Entry.HARD_LINK;
    if (linked != targetLength > 0) {
      throw new Violation("sent an entry with a target where none belongs, or without one");
    }
    if (kind == Entry.END) {
      if (pathLength > 0) {
        throw new Violation("named the end of the copy");
      }
      if (first) {
        throw new Violation("ended the copy before it began");
      }
      return null;
    }
    byte[] path = path(pathLength);
    if (first != (pathLength == 0)) {
      throw new Violation("sent the copied thing itself twice, or not first");
    }
    byte[] target = NONE;
    if (kind == Entry.HARD_LINK) {
      target = path(targetLength);
    } else if (targetLength > 0) {
      target = text(targetLength);
    }
    first = false;
    inFile = kind == Entry.FILE;
    name = path;
    position = 0;
    left = 0;
    return new Entry(kind, mode, uid, gid, seconds, nanos, major, minor, path, target);
  }

  private byte[] text(int length) throws IOException {
    need(length);
    byte[] bytes = new byte[length];
    in.get(bytes);
    checkText(bytes);
    return bytes;
  }

  static void checkText(byte[] bytes) throws Violation {
    for (byte b : bytes) {
      if (b == 0) {
        throw new Violation("sent a name with a NUL in it");
      }
    }
  }

  private byte[] path(int length) throws IOException {
    byte[] path = text(length);
    check(path);
    return path;
  }

  /** That a path is empty, or names divided by single slashes. */
  static void check(byte[] path) throws Violation {
    int length = path.length;
    int start = 0;
    for (int i = 0; length > 0 && i <= length; i++) {
      if (i == length || path[i] == '/') {
        int size = i - start;
        boolean dots = size >= 1 && size <= 2 && path[start] == '.' && path[i - 1] == '.';
        if (size == 0 || size > Protocol.MAX_COMPONENT || dots) {
          throw new Violation("sent a path with a component that is no name");
        }
        start = i + 1;
      }
    }
  }

  /**
   * Goes to the next chunk of the file; what is left of the one before must have been taken.
   *
   * @return false at the end of the file: {@link #size} says how long it is, and is -1 when the
   *     guest could not read it to its end
   */
  boolean chunk() throws IOException {
    if (!inFile || left > 0) {
      throw new IllegalStateException("no file, or its last chunk is not used up");
    }
    need(Entry.CHUNK_BYTES);
    long offset = in.getLong();
    int length = in.getInt();
    if (length == Entry.BROKEN) {
      inFile = false;
      size = -1;
      return false;
    }
    if (length < 0 || length > Protocol.MAX_CHUNK) {
      throw new Violation("sent a chunk that is too long");
    }
    if (offset < position || offset > Entry.MAX_SIZE - length) {
      throw new Violation(
          "sent a chunk that goes back, or a file of more than a tebibyte"
              + (name.length == 0 ? "" : ": '" + GuestText.of(name) + "'"));
    }
    position = offset;
    if (length == 0) {
      inFile = false;
      size = offset;
      return false;
    }
    left = length;
    return true;
  }

  /** Where in the file the next bytes of {@link #data} belong. */
  long position() {
    return position;
  }

  /** Some of the chunk's bytes, to be used before the next call; null when there are no more. */
  ByteBuffer data() throws IOException {
    if (left == 0) {
      return null;
    }
    need(1);
    int here = Math.min(left, in.remaining());
    ByteBuffer data = in.slice(in.position(), here);
    in.position(in.position() + here);
    left -= here;
    position += here;
    return data;
  }

  /** After the end of a file: its length, or -1 when the guest could not read it to its end. */
  long size() {
    return size;
  }

  /** After the end of the copy: that nothing follows it. */
  void finish() throws IOException {
    if (in.hasRemaining() || from.read(in.clear()) >= 0) {
      throw new Violation("went on after the end of the copy");
    }
  }

  private void need(int bytes) throws IOException {
    if (in.remaining() >= bytes) {
      return;
    }
    in.compact();
    try {
      while (in.position() < bytes) {
        if (from.read(in) < 0) {
          throw new EOFException("the copy broke off");
        }
      }
    } finally {
      in.flip();
    }
  }
}
