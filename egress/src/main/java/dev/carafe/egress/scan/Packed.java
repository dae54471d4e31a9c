package dev.carafe.egress.scan;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * A compressed part of a body: what it contains is looked at as it passes. It ends when its data
 * do, or with the first byte that does not fit. One thread at a time; holds at most about 100 KiB,
 * with zstd at most 8 MiB more.
 */
final class Packed implements AutoCloseable {
  /** Bytes out for one byte in: more is not data, but an attempt to keep us busy. */
  static final int HIGHEST_RATIO = 256;

  /** So much may come out in any case. */
  private static final long FREE = 1 << 20;

  /** Windows of zstd up to 8 MiB, as RFC 8878 asks for. */
  private static final int ZSTD_WINDOW_LOG = 23;

  private static final int PIECE = 8 * 1024;

  /** What says that compressed data begin. */
  enum Kind implements Keywords.Owner {
    GZIP(0x1F, 0x8B, 0x08),
    ZSTD(0x28, 0xB5, 0x2F, 0xFD),
    ZIP('P', 'K', 3, 4),
    /** With its two bytes of header, RFC 1950. */
    ZLIB,
    /** Without, RFC 1951. */
    DEFLATE,
    BASE64_GZIP('H', '4', 's', 'I'),
    BASE64_ZLIB;

    private final byte[] magic;

    Kind(int... magic) {
      this.magic = new byte[magic.length];
      for (int i = 0; i < magic.length; i++) {
        this.magic[i] = (byte) magic[i];
      }
    }

    byte[] magic() {
      return magic;
    }

    boolean base64() {
      return this == BASE64_GZIP || this == BASE64_ZLIB;
    }
  }

  private final Kind kind;
  private final BodyScan content;
  private final Base64Reader base64 = new Base64Reader();
  private final byte[] plain = new byte[PIECE];
  private final byte[] out = new byte[PIECE];
  private @Nullable Header header;
  private @Nullable Inflater inflater;
  private @Nullable ZstdDecompressCtx zstd;
  private @Nullable ByteBuffer zstdIn;
  private @Nullable ByteBuffer zstdOut;

  /** How much is taken at once; little at first, as most of what looks packed is not. */
  private int step = 256;

  private long taken;
  private long given;

  Packed(Kind kind, BodyScan content) {
    this.kind = kind;
    this.content = content;
    switch (kind) {
      case GZIP, BASE64_GZIP -> header = new Header(false);
      case ZIP -> header = new Header(true);
      case ZLIB, BASE64_ZLIB -> inflater = new Inflater(false);
      case DEFLATE -> inflater = new Inflater(true);
      case ZSTD -> {
        zstd = new ZstdDecompressCtx().setLongMax(ZSTD_WINDOW_LOG);
        zstdIn = ByteBuffer.allocateDirect(PIECE);
        zstdOut = ByteBuffer.allocateDirect(PIECE);
      }
    }
  }

  /** Looks at the next bytes; false when this part has ended. */
  boolean feed(byte[] bytes, int from, int to) throws BlockedException {
    int i = from;
    while (i < to) {
      int end = Math.min(to, i + step);
      step = Math.min(PIECE, 2 * step);
      boolean goesOn;
      if (kind.base64()) {
        int n = base64.read(bytes, i, end, plain);
        goesOn = packed(plain, 0, n) && !base64.ended();
      } else {
        goesOn = packed(bytes, i, end);
      }
      if (!goesOn) {
        content.finish();
        return false;
      }
      i = end;
    }
    return true;
  }

  private boolean packed(byte[] bytes, int from, int to) throws BlockedException {
    taken += to - from;
    if (zstd != null) {
      return zstd(bytes, from, to);
    }
    int at = from;
    if (header != null) {
      at = header.read(bytes, from, to);
      if (at < 0) {
        return false;
      }
      if (!header.complete()) {
        return true;
      }
      header = null;
      inflater = new Inflater(true);
    }
    return inflate(bytes, at, to);
  }

  private boolean inflate(byte[] bytes, int from, int to) throws BlockedException {
    Inflater inflater = java.util.Objects.requireNonNull(this.inflater);
    inflater.setInput(bytes, from, to - from);
    try {
      while (true) {
        int n = inflater.inflate(out);
        content(out, n);
        if (inflater.finished()) {
          return again(bytes, to - inflater.getRemaining(), to);
        }
        if (inflater.needsDictionary()) {
          return false;
        }
        if (n == 0) {
          return true;
        }
      }
    } catch (DataFormatException e) {
      return false;
    }
  }

  /** In base64 nobody else sees that another member follows. */
  private boolean again(byte[] bytes, int from, int to) throws BlockedException {
    java.util.Objects.requireNonNull(inflater).end();
    inflater = null;
    if (kind != Kind.BASE64_GZIP) {
      return false;
    }
    Header next = new Header(false).afterTrailer();
    header = next;
    int at = next.read(bytes, from, to);
    if (at < 0 || !next.complete()) {
      return at >= 0;
    }
    header = null;
    inflater = new Inflater(true);
    return inflate(bytes, at, to);
  }

  private boolean zstd(byte[] bytes, int from, int to) throws BlockedException {
    ZstdDecompressCtx zstd = java.util.Objects.requireNonNull(this.zstd);
    ByteBuffer in = java.util.Objects.requireNonNull(zstdIn);
    ByteBuffer result = java.util.Objects.requireNonNull(zstdOut);
    in.clear().put(bytes, from, to - from).flip();
    try {
      while (true) {
        result.clear();
        boolean finished = zstd.decompressDirectByteBufferStream(result, in);
        result.flip();
        int n = result.remaining();
        result.get(out, 0, n);
        content(out, n);
        if (finished) {
          return false;
        }
        if (!in.hasRemaining() && n < PIECE) {
          return true;
        }
      }
    } catch (ZstdException e) {
      if (e.getErrorCode() == com.github.luben.zstd.Zstd.errFrameParameterWindowTooLarge()) {
        throw content.blocked("compression", "zstd-window-too-large");
      }
      return false;
    }
  }

  private void content(byte[] bytes, int n) throws BlockedException {
    given += n;
    if (given > FREE + HIGHEST_RATIO * taken) {
      throw content.blocked("compression", "ratio-too-high");
    }
    if (n > 0) {
      content.feed(ByteBuffer.wrap(bytes, 0, n));
    }
  }

  /** Frees what the decompressors hold outside the heap. */
  @Override
  public void close() {
    content.close();
    if (inflater != null) {
      inflater.end();
    }
    if (zstd != null) {
      zstd.close();
    }
  }

  /** The kind a declared coding has, or empty when it cannot be read here. */
  static Optional<Kind> declared(String coding) {
    return switch (coding) {
      case "gzip", "x-gzip" -> Optional.of(Kind.GZIP);
      case "zstd" -> Optional.of(Kind.ZSTD);
      case "deflate" -> Optional.of(Kind.ZLIB);
      default -> Optional.empty();
    };
  }

  /** The head of a gzip member (RFC 1952) or of a file in a zip archive (APPNOTE 4.3.7). */
  private static final class Header {
    private final boolean zip;
    private final byte[] fixed;
    private int name;
    private int skip;
    private int have;
    private int extra = -1;
    private int lines;
    private int extraBytes;
    private int tail;
    private boolean complete;

    Header(boolean zip) {
      this.zip = zip;
      fixed = new byte[zip ? 30 : 10];
    }

    Header afterTrailer() {
      skip = 8;
      return this;
    }

    boolean complete() {
      return complete;
    }

    /** Where the data begin, {@code to} when the head goes on, -1 when it is none. */
    int read(byte[] bytes, int from, int to) {
      int i = from;
      while (i < to && !complete) {
        if (name > 0) {
          // By chance, the name of a file is none.
          if ((bytes[i++] & 0xE0) == 0) {
            return -1;
          }
          name--;
        } else if (skip > 0) {
          skip--;
          i++;
        } else if (have < fixed.length) {
          fixed[have++] = bytes[i++];
          if (have == fixed.length && !begin()) {
            return -1;
          }
        } else if (extraBytes > 0) {
          int b = bytes[i++] & 0xFF;
          extra = extraBytes == 2 ? b : extra | b << 8;
          if (--extraBytes == 0) {
            skip = extra;
          }
        } else if (lines > 0) {
          lines -= bytes[i++] == 0 ? 1 : 0;
        } else {
          skip = tail;
          tail = 0;
        }
        complete |=
            tail == 0
                && have == fixed.length
                && name == 0
                && skip == 0
                && extraBytes == 0
                && lines == 0;
      }
      return i;
    }

    private boolean begin() {
      if (zip) {
        name = word(26);
        skip = word(28);
        return word(0) == 0x4B50 && word(4) < 64 && word(8) == 8;
      }
      if ((fixed[0] & 0xFF) != 0x1F || (fixed[1] & 0xFF) != 0x8B || fixed[2] != 8) {
        return false;
      }
      int flags = fixed[3];
      extraBytes = (flags & 4) != 0 ? 2 : 0;
      lines = ((flags & 8) != 0 ? 1 : 0) + ((flags & 16) != 0 ? 1 : 0);
      tail = (flags & 2) != 0 ? 2 : 0;
      return (flags & 0xE0) == 0;
    }

    private int word(int at) {
      return fixed[at] & 0xFF | (fixed[at + 1] & 0xFF) << 8;
    }
  }
}
