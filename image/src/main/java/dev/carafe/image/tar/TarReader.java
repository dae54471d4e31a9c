package dev.carafe.image.tar;

import dev.carafe.image.tar.TarEntry.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * Reads a tar archive of hostile origin, one entry after the other, without ever holding more than
 * {@value #MAX_EXTENSION} bytes of it. It knows the POSIX (ustar, pax) and GNU formats, and refuses
 * with a {@link TarFormatException} whatever is damaged, cut off, longer than its limits, or
 * pretends to be something it cannot represent. It never reads past the archive's end mark.
 *
 * <p>Not safe for use by many threads. Blocks as its source does. Does not close the source.
 *
 * <p>Formats: POSIX.1-2017, pax; the GNU tar manual, "Basic Tar Format" and "Extensions".
 */
public final class TarReader {
  private static final int BLOCK = 512;

  /** The most an entry's name, link target or pax records may take. */
  static final int MAX_EXTENSION = 1 << 20;

  /** The most headers that may come before an entry's own. */
  static final int MAX_HEADERS = 16;

  /** The most entries of one archive. */
  static final int MAX_ENTRIES = 8_000_000;

  private final InputStream in;
  private final byte[] block = new byte[BLOCK];
  private int entries;
  private long left;
  private int padding;

  public TarReader(InputStream in) {
    this.in = in;
  }

  /** The next entry; empty at the archive's end mark. What was not read of the last is skipped. */
  public Optional<TarEntry> next() throws IOException {
    Extensions extensions = new Extensions();
    for (int headers = 0; ; headers++) {
      if (headers > MAX_HEADERS) {
        throw new TarFormatException("an entry has more than " + MAX_HEADERS + " headers");
      }
      skipContent();
      if (!readHeader()) {
        return Optional.empty();
      }
      if (++entries > MAX_ENTRIES) {
        throw new TarFormatException("it has more than " + MAX_ENTRIES + " entries");
      }
      long size = number(124, 12, "size");
      if (size < 0) {
        throw new TarFormatException("an entry's size is negative");
      }
      byte type = block[156];
      switch (type) {
        case 'L' -> extensions.name = untilNul(extension(size));
        case 'K' -> extensions.link = untilNul(extension(size));
        case 'x' -> extensions.pax(extension(size), true);
        case 'g' -> extensions.pax(extension(size), false);
        case 'V' -> extension(size);
        default -> {
          return Optional.of(entry(type, size, extensions));
        }
      }
    }
  }

  /** The content of the entry that {@link #next} gave last; ends where the entry ends. */
  public InputStream content() {
    return new Content();
  }

  private TarEntry entry(byte type, long headerSize, Extensions extensions) throws IOException {
    String name = extensions.name != null ? extensions.name : headerName();
    Kind kind =
        switch (type) {
          // Before POSIX a directory was a file whose name ends with a slash.
          case 0, '0', '7' -> name.endsWith("/") ? Kind.DIRECTORY : Kind.FILE;
          case '1' -> Kind.HARD_LINK;
          case '2' -> Kind.SYMLINK;
          case '3', '4', '6' -> Kind.SPECIAL;
          case '5' -> Kind.DIRECTORY;
          case 'S' -> Kind.SPARSE;
          default ->
              throw new TarFormatException(
                  "'" + TarEntry.shown(name) + "' is of an unknown type (" + type + ")");
        };
    if (name.isEmpty()) {
      throw new TarFormatException("an entry has no name");
    }
    long size = extensions.size >= 0 ? extensions.size : headerSize;
    int mode = (int) number(100, 8, "mode") & 07777;
    long uid = extensions.uid >= 0 ? extensions.uid : number(108, 8, "owner");
    long gid = extensions.gid >= 0 ? extensions.gid : number(116, 8, "group");
    Instant modified = extensions.modified;
    if (modified == null) {
      modified = instant(number(136, 12, "time"));
    }
    boolean link = kind == Kind.SYMLINK || kind == Kind.HARD_LINK;
    String target = link ? extensions.link != null ? extensions.link : text(157, 100) : "";
    if (kind == Kind.SPARSE) {
      // More maps of holes may follow the header, marked by a byte in each.
      boolean more = block[482] != 0;
      for (int maps = 0; more; maps++) {
        if (maps > MAX_EXTENSION / BLOCK) {
          throw new TarFormatException("'" + TarEntry.shown(name) + "' has too many holes");
        }
        readBlock();
        more = block[504] != 0;
      }
    }
    // Links, directories and devices have no content, whatever size some writers put there.
    boolean content = kind == Kind.FILE || kind == Kind.SPARSE;
    beginContent(content ? size : 0);
    return new TarEntry(name, kind, content ? size : 0, mode, uid, gid, modified, target);
  }

  private String headerName() throws IOException {
    String name = text(0, 100);
    boolean posix = text(257, 6).equals("ustar") && block[262] == 0;
    String prefix = posix ? text(345, 155) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  /** Reads one header block; false at the end mark: one block of zeros, then another or nothing. */
  private boolean readHeader() throws IOException {
    readBlock();
    int sum = 0;
    boolean zero = true;
    for (int i = 0; i < BLOCK; i++) {
      zero &= block[i] == 0;
      sum += i >= 148 && i < 156 ? ' ' : block[i] & 0xff;
    }
    if (zero) {
      int read = in.readNBytes(block, 0, BLOCK);
      for (int i = 0; i < read; i++) {
        if (block[i] != 0) {
          throw new TarFormatException("something follows its end mark");
        }
      }
      return false;
    }
    if (number(148, 8, "checksum") != sum) {
      throw new TarFormatException("a header's checksum is wrong");
    }
    return true;
  }

  private void readBlock() throws IOException {
    if (in.readNBytes(block, 0, BLOCK) < BLOCK) {
      throw new TarFormatException("it is cut off");
    }
  }

  private void beginContent(long size) {
    left = size;
    padding = (int) (-size & (BLOCK - 1));
  }

  private void skipContent() throws IOException {
    try {
      in.skipNBytes(left);
      in.skipNBytes(padding);
    } catch (java.io.EOFException e) {
      throw new TarFormatException("it is cut off");
    }
    left = 0;
    padding = 0;
  }

  private byte[] extension(long size) throws IOException {
    if (size > MAX_EXTENSION) {
      throw new TarFormatException("a header extension has " + size + " bytes");
    }
    beginContent(size);
    byte[] bytes = in.readNBytes((int) size);
    if (bytes.length < size) {
      throw new TarFormatException("it is cut off");
    }
    left = 0;
    return bytes;
  }

  /** A number in octal text, or in GNU's base-256 when its first bit is set. */
  private long number(int at, int length, String what) throws TarFormatException {
    if ((block[at] & 0x80) != 0) {
      // The sign is the bit after the mark; more than 63 bits do not fit.
      boolean negative = (block[at] & 0x40) != 0;
      long value = negative ? -1 : 0;
      for (int i = at; i < at + length; i++) {
        int digit = i == at ? (negative ? block[i] : block[i] & 0x7f) : block[i] & 0xff;
        if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
          throw new TarFormatException("an entry's " + what + " is too large");
        }
        value = i == at ? digit : value << 8 | digit;
      }
      return value;
    }
    int i = at;
    int end = at + length;
    while (i < end && block[i] == ' ') {
      i++;
    }
    long value = 0;
    while (i < end && block[i] >= '0' && block[i] <= '7') {
      value = value << 3 | (block[i++] - '0');
    }
    while (i < end) {
      if (block[i] != 0 && block[i] != ' ') {
        throw new TarFormatException("an entry's " + what + " is not a number");
      }
      i++;
    }
    return value;
  }

  private String text(int at, int length) throws TarFormatException {
    int end = at;
    while (end < at + length && block[end] != 0) {
      end++;
    }
    return utf8(block, at, end - at);
  }

  private static String untilNul(byte[] bytes) throws TarFormatException {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return utf8(bytes, 0, end);
  }

  private static String utf8(byte[] bytes, int at, int length) throws TarFormatException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, at, length))
          .toString();
    } catch (CharacterCodingException e) {
      String shown = new String(bytes, at, length, StandardCharsets.UTF_8);
      throw new TarFormatException("the name '" + TarEntry.shown(shown) + "' is not UTF-8");
    }
  }

  private static Instant instant(long seconds) throws TarFormatException {
    try {
      return Instant.ofEpochSecond(seconds);
    } catch (DateTimeException e) {
      throw new TarFormatException("an entry's time is out of range");
    }
  }

  /** What headers before an entry's own say about it. */
  private static final class Extensions {
    private String name;
    private String link;
    private long size = -1;
    private long uid = -1;
    private long gid = -1;
    private Instant modified;

    /** Records of the form {@code LENGTH KEY=VALUE\n}, the length counting all of it. */
    void pax(byte[] records, boolean ofNextEntry) throws TarFormatException {
      int at = 0;
      while (at < records.length && records[at] != 0) {
        int digits = at;
        int length = 0;
        while (digits < records.length && records[digits] >= '0' && records[digits] <= '9') {
          length = length * 10 + (records[digits++] - '0');
          if (length > MAX_EXTENSION) {
            throw new TarFormatException("a pax record is too long");
          }
        }
        int key = digits + 1;
        int end = at + length;
        if (digits == at
            || end > records.length
            || end - 1 <= key
            || records[digits] != ' '
            || records[end - 1] != '\n') {
          throw new TarFormatException("a pax record is malformed");
        }
        int equals = key;
        while (equals < end && records[equals] != '=') {
          equals++;
        }
        if (equals == end) {
          throw new TarFormatException("a pax record is malformed");
        }
        apply(
            new String(records, key, equals - key, StandardCharsets.UTF_8),
            records,
            equals + 1,
            end - 1 - (equals + 1),
            ofNextEntry);
        at = end;
      }
    }

    private void apply(String key, byte[] records, int at, int length, boolean ofNextEntry)
        throws TarFormatException {
      if (key.startsWith("GNU.sparse.")) {
        throw new TarFormatException("it holds a sparse file in a pax format");
      }
      switch (key) {
        case "path", "linkpath", "size", "uid", "gid" -> {
          if (!ofNextEntry) {
            throw new TarFormatException("it sets '" + key + "' for all its entries");
          }
        }
        case "mtime" -> {
          if (!ofNextEntry) {
            return;
          }
        }
        default -> {
          return;
        }
      }
      String value = utf8(records, at, length);
      switch (key) {
        case "path" -> name = value;
        case "linkpath" -> link = value;
        case "size" -> size = positive(key, value);
        case "uid" -> uid = positive(key, value);
        case "gid" -> gid = positive(key, value);
        default -> modified = time(value);
      }
    }

    private static long positive(String key, String value) throws TarFormatException {
      if (!value.matches("[0-9]{1,18}")) {
        throw new TarFormatException("a pax record's '" + key + "' is not a number");
      }
      return Long.parseLong(value);
    }

    private static Instant time(String value) throws TarFormatException {
      if (!value.matches("-?[0-9]{1,15}(\\.[0-9]{0,20})?")) {
        throw new TarFormatException("a pax record's 'mtime' is not a number");
      }
      var exact = new java.math.BigDecimal(value.endsWith(".") ? value + "0" : value);
      long seconds = exact.setScale(0, java.math.RoundingMode.FLOOR).longValueExact();
      long nanos =
          exact
              .subtract(java.math.BigDecimal.valueOf(seconds))
              .movePointRight(9)
              .setScale(0, java.math.RoundingMode.FLOOR)
              .longValueExact();
      return instant(seconds).plusNanos(nanos);
    }
  }

  private final class Content extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int at, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (left == 0) {
        return -1;
      }
      int read = in.read(bytes, at, (int) Math.min(length, left));
      if (read < 0) {
        throw new TarFormatException("it is cut off");
      }
      left -= read;
      return read;
    }
  }
}
