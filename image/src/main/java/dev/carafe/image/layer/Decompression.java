package dev.carafe.image.layer;

import com.github.luben.zstd.ZstdInputStream;
import dev.carafe.image.tar.BadArchiveException;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** Finds out by its first bytes how a stream is compressed, and undoes it within a limit. */
public final class Decompression {
  /** Of what xz may use; its largest preset needs 65 MiB. */
  private static final int XZ_KIBIBYTES = 100 << 10;

  /** 2^27: the largest window that zstd decoders accept unasked, {@code --long} included. */
  private static final int ZSTD_WINDOW_LOG = 27;

  private Decompression() {}

  /** Whether these first bytes are one of the compressed forms. */
  public static boolean isCompressed(byte[] first) {
    return isGzip(first) || isZstd(first) || isXz(first);
  }

  /**
   * {@code in}, uncompressed when it is gzip, zstd or xz; otherwise as it is. Closing closes {@code
   * in}.
   *
   * @param limit of uncompressed bytes: one more is a {@link BadArchiveException}
   */
  public static InputStream open(InputStream in, long limit) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(in, 1 << 16);
    buffered.mark(8);
    byte[] first = buffered.readNBytes(6);
    buffered.reset();
    InputStream plain;
    if (isGzip(first)) {
      plain =
          GzipCompressorInputStream.builder()
              .setInputStream(buffered)
              .setDecompressConcatenated(true)
              .get();
    } else if (isZstd(first)) {
      plain = new ZstdInputStream(buffered).setLongMax(ZSTD_WINDOW_LOG);
    } else if (isXz(first)) {
      plain =
          XZCompressorInputStream.builder()
              .setInputStream(buffered)
              .setDecompressConcatenated(true)
              .setMemoryLimitKiB(XZ_KIBIBYTES)
              .get();
    } else {
      plain = buffered;
    }
    return new Limited(plain, limit, plain == buffered ? "" : "its compressed data is damaged");
  }

  private static boolean isGzip(byte[] b) {
    return b.length >= 2 && b[0] == 0x1f && b[1] == (byte) 0x8b;
  }

  private static boolean isZstd(byte[] b) {
    if (b.length < 4 || b[3] == 0) {
      return false;
    }
    boolean frame = b[0] == 0x28 && b[1] == (byte) 0xb5 && b[2] == 0x2f && b[3] == (byte) 0xfd;
    // A skippable frame may come first (zstd:chunked layers, pzstd).
    boolean skippable = (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18;
    return frame || skippable;
  }

  private static boolean isXz(byte[] b) {
    return b.length >= 6
        && b[0] == (byte) 0xfd
        && b[1] == '7'
        && b[2] == 'z'
        && b[3] == 'X'
        && b[4] == 'Z'
        && b[5] == 0;
  }

  /** Ends in an error instead of going on for ever. */
  private static final class Limited extends FilterInputStream {
    private final long limit;
    private final String damaged;
    private long left;

    Limited(InputStream in, long limit, String damaged) {
      super(in);
      this.limit = limit;
      this.damaged = damaged;
      left = limit;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read;
      try {
        read = in.read(to, offset, length);
      } catch (BadArchiveException e) {
        throw e;
      } catch (IOException e) {
        if (damaged.isEmpty()) {
          throw e;
        }
        throw new BadArchiveException(
            e.getMessage() == null ? damaged : damaged + ": " + e.getMessage(), e);
      }
      if (read > 0) {
        left -= read;
        if (left < 0) {
          throw new BadArchiveException("it unpacks to more than " + limit + " bytes");
        }
      }
      return read;
    }

    @Override
    public long skip(long count) throws IOException {
      return readNBytes((int) Math.min(count, 65_536)).length;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
