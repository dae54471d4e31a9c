package dev.carafe.image.tar;

import dev.carafe.image.tar.TarEntry.Type;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Reads a tar archive of any common dialect (v7, ustar, pax, GNU with long names and sparse files)
 * front to back, trusting nothing: every header is summed, every number and length checked, and no
 * more is held than one header of at most {@link TarLimits#HEADER_BYTES}.
 *
 * <p>Written here, although libraries exist, because names must come through byte for byte (they
 * decode them, and differently in plain and extended headers) and because an extended header's size
 * must be refused before it is read into memory.
 *
 * <p>Formats: POSIX.1-2017 pax(1); the GNU tar manual, "Basic Tar Format" and "Storing Sparse
 * Files". Not safe for use by several threads.
 */
public final class TarReader {
  static final int BLOCK = 512;
  private static final String XATTR = "SCHILY.xattr.";

  private final InputStream in;
  private final byte[] header = new byte[BLOCK];
  private Body body = new Body(0);
  private InputStream contents = body;
  private boolean endMark;

  public TarReader(InputStream in) {
    this.in = in;
  }

  /**
   * The next entry, or null at the end of the archive; skips what was not read of the one before.
   *
   * @throws BadArchiveException when the archive is damaged or asks for too much
   */
  public TarEntry next() throws IOException {
    body.finish();
    Map<String, String> pax = Map.of();
    String longName = null;
    String longLink = null;
    for (int headers = 0; ; headers++) {
      if (headers > TarLimits.HEADERS) {
        throw new BadArchiveException(
            "an entry has more than " + TarLimits.HEADERS + " extended headers");
      }
      if (!readHeader()) {
        if (!pax.isEmpty() || longName != null || longLink != null) {
          throw new BadArchiveException("the archive ends after an extended header");
        }
        return null;
      }
      long size = number(124, 12);
      switch (header[156]) {
        case 'x', 'X' -> pax = PaxRecords.parse(extendedHeader(size));
        case 'g' -> PaxRecords.parse(extendedHeader(size)); // comments only, in practice
        case 'L' -> longName = untilZero(extendedHeader(size));
        case 'K' -> longLink = untilZero(extendedHeader(size));
        case 'V' -> skip(size);
        default -> {
          return entry(size, pax, longName, longLink);
        }
      }
    }
  }

  /**
   * Whether the archive ended with its mark, a block of zeros. Some writers leave it out, so that
   * {@link #next} does without; who reads from a peer that may be cut off does not.
   */
  public boolean sawEndMark() {
    return endMark;
  }

  /** The contents of the entry that {@link #next} gave last; ends where they end. */
  public InputStream contents() {
    return contents;
  }

  private TarEntry entry(long headerSize, Map<String, String> pax, String longName, String longLink)
      throws IOException {
    boolean posix = text(257, 6).equals("ustar") && header[263] == '0';
    String name = text(0, 100);
    String prefix = posix ? text(345, 155) : "";
    if (!prefix.isEmpty()) {
      name = prefix + "/" + name;
    }
    name = pax.getOrDefault("path", longName == null ? name : longName);
    String link = pax.getOrDefault("linkpath", longLink == null ? text(157, 100) : longLink);
    Type type = type(header[156], name);
    boolean device = type == Type.CHARACTER_DEVICE || type == Type.BLOCK_DEVICE;
    long stored = pax.containsKey("size") ? decimal(pax, "size") : headerSize;
    // Only files have contents; some writers leave a link's target's size in its header.
    boolean dump = header[156] == 'D';
    body = new Body(type == Type.FILE || dump ? stored : 0);
    contents = body;
    long size = type == Type.FILE ? stored : 0;
    if (type == Type.FILE) {
      Sparse sparse = sparse(pax);
      if (sparse != null) {
        sparse.check(body.remaining);
        contents = sparse.expand(body);
        size = sparse.size();
        name = pax.getOrDefault("GNU.sparse.name", name);
      }
    }
    if (name.isEmpty()) {
      throw new BadArchiveException("an entry has no name");
    }
    return new TarEntry(
        name,
        type,
        type == Type.HARD_LINK || type == Type.SYMBOLIC_LINK ? link : "",
        (int) number(100, 8) & 07777,
        owner(pax, "uid", 108),
        owner(pax, "gid", 116),
        modified(pax),
        size,
        device ? bounded(number(329, 8), 0xfff, "device number") : 0,
        device ? bounded(number(337, 8), 0xfffff, "device number") : 0,
        xattrs(pax));
  }

  private static Type type(byte flag, String name) throws BadArchiveException {
    return switch (flag) {
      // The oldest tars have no type for directories: a slash at the end says it.
      case 0, '0', '7' -> name.endsWith("/") ? Type.DIRECTORY : Type.FILE;
      case 'S' -> Type.FILE;
      case '1' -> Type.HARD_LINK;
      case '2' -> Type.SYMBOLIC_LINK;
      case '3' -> Type.CHARACTER_DEVICE;
      case '4' -> Type.BLOCK_DEVICE;
      case '5', 'D' -> Type.DIRECTORY;
      case '6' -> Type.FIFO;
      default ->
          throw new BadArchiveException(
              TarPath.shown(name) + " is of an unknown kind (" + (flag & 0xff) + ")");
    };
  }

  private long owner(Map<String, String> pax, String key, int offset) throws BadArchiveException {
    long id = pax.containsKey(key) ? decimal(pax, key) : number(offset, 8);
    return bounded64(id, 0xffff_ffffL, key);
  }

  private long modified(Map<String, String> pax) throws BadArchiveException {
    long seconds;
    String text = pax.get("mtime");
    if (text == null) {
      seconds = signed(136, 12);
    } else {
      int point = text.indexOf('.');
      try {
        seconds = Long.parseLong(point < 0 ? text : text.substring(0, point));
      } catch (NumberFormatException e) {
        throw new BadArchiveException("a time is not a number", e);
      }
    }
    return Math.clamp(seconds, 0, 0xffff_ffffL);
  }

  private static Map<String, String> xattrs(Map<String, String> pax) throws BadArchiveException {
    Map<String, String> xattrs = new HashMap<>();
    for (Map.Entry<String, String> record : pax.entrySet()) {
      if (record.getKey().startsWith(XATTR)) {
        String name = record.getKey().substring(XATTR.length());
        if (name.length() > TarLimits.NAME_BYTES
            || record.getValue().length() > TarLimits.XATTR_BYTES) {
          throw new BadArchiveException("an extended attribute is too large");
        }
        xattrs.put(name, record.getValue());
      }
    }
    return xattrs;
  }

  private Sparse sparse(Map<String, String> pax) throws IOException {
    if (header[156] == 'S') {
      return Sparse.old(header, body.block());
    }
    if (pax.containsKey("GNU.sparse.major")) {
      if (!pax.get("GNU.sparse.major").equals("1") || !"0".equals(pax.get("GNU.sparse.minor"))) {
        throw new BadArchiveException("a sparse file is of an unknown version");
      }
      return Sparse.inContents(body, decimal(pax, "GNU.sparse.realsize"));
    }
    if (pax.containsKey("GNU.sparse.map")) {
      return Sparse.inHeader(pax.get("GNU.sparse.map"), decimal(pax, "GNU.sparse.size"));
    }
    return null;
  }

  private static long decimal(Map<String, String> pax, String key) throws BadArchiveException {
    return PaxRecords.decimal(Objects.requireNonNullElse(pax.get(key), ""));
  }

  /** False at the end of the archive: a block of zeros, or (some writers) nothing at all. */
  private boolean readHeader() throws IOException {
    int read = in.readNBytes(header, 0, BLOCK);
    if (read == 0) {
      return false;
    }
    if (read < BLOCK) {
      throw new BadArchiveException("the archive ends in the middle of a header");
    }
    int sum = 0;
    int signedSum = 0;
    boolean zeros = true;
    for (int i = 0; i < BLOCK; i++) {
      byte b = i >= 148 && i < 156 ? (byte) ' ' : header[i];
      sum += b & 0xff;
      signedSum += b;
      zeros &= header[i] == 0;
    }
    if (zeros) {
      endMark = true;
      return false;
    }
    long expected = number(148, 8);
    if (expected != sum && expected != signedSum) {
      throw new BadArchiveException(
          "it is not a tar archive, or damaged (a header's sum is wrong)");
    }
    return true;
  }

  private byte[] extendedHeader(long size) throws IOException {
    if (size > TarLimits.HEADER_BYTES) {
      throw new BadArchiveException(
          "an extended header of " + size + " bytes is larger than " + TarLimits.HEADER_BYTES);
    }
    Body extended = new Body(size);
    byte[] bytes = extended.readNBytes((int) size);
    extended.finish();
    return bytes;
  }

  private void skip(long size) throws IOException {
    new Body(size).finish();
  }

  private static String untilZero(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
  }

  private String text(int offset, int length) {
    return untilZero(Arrays.copyOfRange(header, offset, offset + length));
  }

  private long number(int offset, int length) throws BadArchiveException {
    long value = signed(offset, length);
    if (value < 0) {
      throw new BadArchiveException("a header has a negative number");
    }
    return value;
  }

  private long signed(int offset, int length) throws BadArchiveException {
    return TarNumbers.parse(header, offset, length);
  }

  private static int bounded(long value, int most, String what) throws BadArchiveException {
    return (int) bounded64(value, most, what);
  }

  private static long bounded64(long value, long most, String what) throws BadArchiveException {
    if (value < 0 || value > most) {
      throw new BadArchiveException("the " + what + " " + value + " is out of range");
    }
    return value;
  }

  /** What is left of an entry's stored bytes, then of the padding to a whole block. */
  final class Body extends InputStream {
    private long remaining;
    private int padding;

    Body(long size) {
      remaining = size;
      padding = (int) (-size & (BLOCK - 1));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (remaining == 0) {
        return -1;
      }
      int read = in.read(to, offset, (int) Math.min(length, remaining));
      if (read < 0) {
        throw new BadArchiveException("the archive ends in the middle of a file");
      }
      remaining -= read;
      return read;
    }

    /** One block of an old sparse map, which stands between header and contents, uncounted. */
    Sparse.Blocks block() {
      return () -> {
        byte[] block = in.readNBytes(BLOCK);
        if (block.length < BLOCK) {
          throw new BadArchiveException("the archive ends in the middle of a header");
        }
        return block;
      };
    }

    private void finish() throws IOException {
      byte[] waste = new byte[(int) Math.min(remaining, 65_536) + BLOCK];
      while (remaining > 0) {
        read(waste, 0, waste.length);
      }
      if (in.readNBytes(waste, 0, padding) < padding) {
        throw new BadArchiveException("the archive ends in the middle of a file");
      }
      padding = 0;
    }
  }
}
