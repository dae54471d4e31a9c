package dev.carafe.machine.channel;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Reads a layer as a guest sends it, and lets through nothing that would not make a well-formed
 * one: each name once, below a directory that came before it, none with a meaning of its own in a
 * layer; hard links only to files that came before; no more of anything than {@link Bounds} allow.
 *
 * <p>The guest sends names in the order of their bytes, directories followed by what they hold. So
 * the entry before is all that has to be kept to see that none comes twice. Holds one buffer and
 * the names that hard links may lead to. Not for use by several threads.
 */
final class LayerReader {
  /**
   * How much of it there may be.
   *
   * @param depth of directories in one another
   * @param entries in all
   * @param bytes of all files' data
   * @param memory for the names of files that have several, in bytes, roughly
   */
  record Bounds(int depth, long entries, long bytes, long memory) {
    static Bounds ofData(long bytes) {
      return new Bounds(1_000, 10_000_000, bytes, 64L << 20);
    }
  }

  /**
   * One entry.
   *
   * @param opaque of a directory: nothing that the image has in it is in the machine
   * @param attributes extended ones; names and values with one character per byte
   * @param size of a file, holes included
   * @param pieces where a file's data is: offset and length of each piece in turn
   */
  record Item(
      Entry entry, boolean opaque, Map<String, String> attributes, long size, long[] pieces) {}

  static final int ATTRIBUTE_BYTES = 8;
  static final int MAP_BYTES = 16;
  static final int OPAQUE = 1;
  static final int LINKED = 2;

  /** What a layer calls what it takes away; no file of a guest's may have such a name. */
  static final String DELETED = ".wh.";

  private static final int NAME_MEMORY = 96;
  private static final byte[] SHARED = "var/tmp".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SHARED_PARENT = "var".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NONE = new byte[0];
  private static final long[] NO_PIECES = new long[0];

  private final ReadableByteChannel from;
  private final Bounds bounds;
  private final ByteBuffer in;
  private final Set<String> linked = new HashSet<>();
  private byte[] before = NONE;
  private boolean beforeIsDirectory = true;
  private long entries;
  private long bytes;
  private long memory;
  private long left;

  LayerReader(ReadableByteChannel from, Bounds bounds) {
    this.from = from;
    this.bounds = bounds;
    in = FrameReader.buffer(2 * Protocol.MAX_PAYLOAD).flip();
  }

  /** What comes first: for how many nanoseconds the guest's file system stood still. */
  long still() throws IOException {
    need(8);
    long nanos = in.getLong();
    if (nanos < 0) {
      throw new Violation("says that it stood still for longer than there is time");
    }
    return nanos;
  }

  /** The next entry, its data not taken from {@link #data}; null at the end of the layer. */
  Item next() throws IOException {
    if (left > 0) {
      throw new IllegalStateException("the file before has not been read to its end");
    }
    need(Entry.HEADER_BYTES);
    int kind = Byte.toUnsignedInt(in.get());
    int flags = Byte.toUnsignedInt(in.get());
    int attributeCount = Short.toUnsignedInt(in.getShort());
    int mode = in.getInt();
    int uid = in.getInt();
    int gid = in.getInt();
    long seconds = in.getLong();
    int nanos = in.getInt();
    int major = in.getInt();
    int minor = in.getInt();
    int pathLength = Short.toUnsignedInt(in.getShort());
    int targetLength = Short.toUnsignedInt(in.getShort());
    int allowed = kind == Entry.DIRECTORY ? OPAQUE : kind == Entry.FILE ? LINKED : 0;
    if (kind > Entry.DELETED || (flags & ~allowed) != 0) {
      throw new Violation("sent an entry of an unknown kind");
    }
    if (kind == Entry.END) {
      if (pathLength + targetLength + attributeCount > 0) {
        throw new Violation("named the end of the layer");
      }
      return null;
    }
    if ((mode & ~Entry.MAX_MODE) != 0) {
      throw new Violation("sent an entry with an impossible mode");
    }
    if (nanos < 0 || nanos >= Entry.NANOS) {
      throw new Violation("sent an entry with an impossible time");
    }
    checkDevice(kind, major, minor);
    boolean link = kind == Entry.SYMBOLIC_LINK || kind == Entry.HARD_LINK;
    if (link != targetLength > 0) {
      throw new Violation("sent an entry with a target where none belongs, or without one");
    }
    if (pathLength == 0 || pathLength > Protocol.MAX_PATH || targetLength > Protocol.MAX_PATH) {
      throw new Violation("sent an entry with a name that is too long, or none");
    }
    if (++entries > bounds.entries()) {
      throw new Violation("sent more than " + bounds.entries() + " files");
    }
    byte[] path = take(pathLength);
    checkPath(path, kind);
    byte[] target = take(targetLength);
    EntryReader.checkText(target);
    if (kind == Entry.HARD_LINK && !linked.contains(latin(target))) {
      throw new Violation("sent a hard link to what is no file of the layer");
    }
    Map<String, String> attributes = attributes(attributeCount);
    if (attributeCount > 0 && (kind == Entry.HARD_LINK || kind == Entry.DELETED)) {
      throw new Violation("sent attributes of what has none");
    }
    Entry entry = new Entry(kind, mode, uid, gid, seconds, nanos, major, minor, path, target);
    before = path;
    beforeIsDirectory = kind == Entry.DIRECTORY;
    if ((flags & LINKED) != 0) {
      remember(path);
    }
    if (kind != Entry.FILE) {
      return new Item(entry, (flags & OPAQUE) != 0, attributes, 0, NO_PIECES);
    }
    need(MAP_BYTES);
    long size = in.getLong();
    return new Item(entry, false, attributes, size, pieces(path, size));
  }

  private static void checkDevice(int kind, int major, int minor) throws Violation {
    boolean device = kind == Entry.CHARACTER_DEVICE || kind == Entry.BLOCK_DEVICE;
    // As many bits as Linux gives them.
    int mostMajor = device ? 0xfff : 0;
    int mostMinor = device ? 0xfffff : 0;
    if (major < 0 || major > mostMajor || minor < 0 || minor > mostMinor) {
      throw new Violation("sent an entry with an impossible device number");
    }
  }

  private void checkPath(byte[] path, int kind) throws Violation {
    EntryReader.checkText(path);
    EntryReader.check(path);
    int start = 0;
    int depth = 0;
    for (int i = 0; i <= path.length; i++) {
      if (i == path.length || path[i] == '/') {
        if (new String(path, start, i - start, StandardCharsets.ISO_8859_1).startsWith(DELETED)) {
          throw new Violation("sent a name that has a meaning of its own in a layer");
        }
        depth++;
        start = i + 1;
      }
    }
    if (depth > bounds.depth()) {
      throw new Violation("sent directories more than " + bounds.depth() + " deep");
    }
    int name = path.length;
    while (name > 0 && path[name - 1] != '/') {
      name--;
    }
    int more = kind == Entry.DELETED ? DELETED.length() : 0;
    if (path.length - name + more > Protocol.MAX_COMPONENT
        || path.length + more > Protocol.MAX_PATH) {
      throw new Violation("sent an entry with a name that is too long, or none");
    }
    if (order(before, path) >= 0) {
      throw new Violation("sent names twice, or not in their order");
    }
    checkParent(path, Math.max(0, name - 1));
  }

  /** That the first {@code length} bytes of a path are a directory that was sent. */
  private void checkParent(byte[] path, int length) throws Violation {
    boolean begins = before.length >= length && Arrays.equals(before, 0, length, path, 0, length);
    if (length == 0
        || begins && before.length > length && before[length] == '/'
        || begins && before.length == length && beforeIsDirectory) {
      return;
    }
    // It is always sent; what it is in, only if that was changed.
    if (!Arrays.equals(path, SHARED) || Arrays.equals(before, SHARED_PARENT)) {
      throw new Violation("sent a file before its directory, or inside what is no directory");
    }
  }

  /** The order of two paths, name by name: a slash comes before all that a name can hold. */
  private static int order(byte[] one, byte[] other) {
    int both = Arrays.mismatch(one, other);
    if (both < 0) {
      return 0;
    }
    return Integer.compare(rank(one, both), rank(other, both));
  }

  private static int rank(byte[] path, int at) {
    return at == path.length ? -1 : path[at] == '/' ? 0 : Byte.toUnsignedInt(path[at]);
  }

  private void remember(byte[] path) throws Violation {
    memory += NAME_MEMORY + path.length;
    if (memory > bounds.memory()) {
      throw new Violation("sent more files with several names than fit into a layer");
    }
    linked.add(latin(path));
  }

  private Map<String, String> attributes(int count) throws IOException {
    if (count == 0) {
      return Map.of();
    }
    if (count > Protocol.MAX_ATTRIBUTES) {
      throw new Violation("sent more attributes than a file can have");
    }
    Map<String, String> attributes = new HashMap<>();
    int all = 0;
    for (int i = 0; i < count; i++) {
      need(ATTRIBUTE_BYTES);
      int nameLength = in.getInt(); // two bytes above it are zero, or it is too large
      int valueLength = in.getInt();
      if (nameLength <= 0
          || nameLength > Protocol.MAX_COMPONENT
          || valueLength < 0
          || valueLength > Protocol.MAX_ATTRIBUTE_BYTES
          || (all += nameLength + valueLength) > Protocol.MAX_ATTRIBUTE_BYTES) {
        throw new Violation("sent an attribute that is too large, or has no name");
      }
      byte[] name = take(nameLength);
      EntryReader.checkText(name);
      String text = latin(name);
      // Where an archive has attributes, this divides a name from its value.
      if (text.indexOf('=') >= 0) {
        throw new Violation("sent an attribute that an archive cannot hold");
      }
      if (attributes.put(text, latin(take(valueLength))) != null) {
        throw new Violation("sent an attribute twice");
      }
    }
    return attributes;
  }

  /** Where a file of {@code size} bytes has its data; how much that is, is what is left to take. */
  private long[] pieces(byte[] path, long size) throws IOException {
    int count = in.getInt();
    if (size < 0 || size > Entry.MAX_SIZE || in.getInt() != 0) {
      throw new Violation("sent a file of more than a tebibyte: '/" + GuestText.of(path) + "'");
    }
    if (count < 0 || count > Protocol.MAX_PIECES) {
      throw new Violation("sent a file in more pieces than fit into a layer");
    }
    long[] pieces = new long[2 * count];
    long end = 0;
    long data = 0;
    for (int i = 0; i < pieces.length; i += 2) {
      need(MAP_BYTES);
      pieces[i] = in.getLong();
      pieces[i + 1] = in.getLong();
      boolean inside =
          pieces[i] >= end
              && pieces[i] < size
              && pieces[i + 1] > 0
              && pieces[i + 1] <= size - pieces[i];
      if (!inside) {
        throw new Violation("sent pieces of a file that overlap, or lie outside it");
      }
      end = pieces[i] + pieces[i + 1];
      data += pieces[i + 1];
    }
    bytes += data;
    if (bytes > bounds.bytes()) {
      throw new Violation("sent more than its disk can hold");
    }
    left = data;
    return pieces;
  }

  /** The data of the file that came last: its pieces, one behind the other. */
  InputStream data() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] to, int offset, int length) throws IOException {
        if (left == 0) {
          return -1;
        }
        need(1);
        int here = (int) Math.min(Math.min(length, left), in.remaining());
        in.get(to, offset, here);
        left -= here;
        return here;
      }
    };
  }

  /** After the end of the layer: that nothing follows it. */
  void finish() throws IOException {
    if (in.hasRemaining() || from.read(in.clear()) >= 0) {
      throw new Violation("went on after the end of the layer");
    }
  }

  private byte[] take(int length) throws IOException {
    if (length == 0) {
      return NONE;
    }
    need(length);
    byte[] taken = new byte[length];
    in.get(taken);
    return taken;
  }

  static String latin(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private void need(int count) throws IOException {
    if (in.remaining() >= count) {
      return;
    }
    in.compact();
    try {
      while (in.position() < count) {
        if (from.read(in) < 0) {
          throw new EOFException("the layer broke off");
        }
      }
    } finally {
      in.flip();
    }
  }
}
