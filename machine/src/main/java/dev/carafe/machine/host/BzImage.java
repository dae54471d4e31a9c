package dev.carafe.machine.host;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Takes the uncompressed kernel, {@code vmlinux}, out of a {@code bzImage}. Emulated, a machine
 * that starts from the {@code bzImage} spends several seconds on decompressing itself.
 *
 * <p>The header is that of Linux' x86 boot protocol (Documentation/arch/x86/boot.rst), at least
 * version 2.08, which says where the compressed kernel lies. The kernel's build appends the
 * uncompressed size, four bytes, to all compressions but gzip, which ends with it anyway.
 */
final class BzImage {
  private static final int HEADER = 0x250;
  private static final int LZ4_LEGACY_MAGIC = 0x184c2102;
  private static final int LZ4_LEGACY_BLOCK = 8 << 20;
  private static final int ZSTD_MAGIC = 0xfd2fb528;
  private static final int XZ_MAGIC = 0x587a37fd;
  private static final int GZIP_MAGIC = 0x8b1f;
  private static final long LARGEST = 512L << 20;
  private static final int LARGEST_XZ_DICTIONARY_KIB = 160 << 10;

  private BzImage() {}

  /**
   * Writes the kernel in {@code image} to the new file {@code to}, and checks that it is one that
   * can be started directly.
   *
   * @throws IOException if {@code image} is not a whole {@code bzImage}, is compressed in an
   *     unknown way, or the kernel has no PVH entry; {@code to} is then to be thrown away
   */
  static void extract(Path image, Path to) throws IOException {
    try (FileChannel from = FileChannel.open(image)) {
      ByteBuffer header = read(from, 0, HEADER);
      if (header.getShort(0x1fe) != (short) 0xaa55
          || header.getInt(0x202) != 0x53726448
          || Short.toUnsignedInt(header.getShort(0x206)) < 0x208) {
        throw new IOException(image.getFileName() + " is not a bzImage");
      }
      int sectors = Byte.toUnsignedInt(header.get(0x1f1));
      long offset =
          (sectors == 0 ? 5 : sectors + 1) * 512L + Integer.toUnsignedLong(header.getInt(0x248));
      long length = Integer.toUnsignedLong(header.getInt(0x24c));
      if (length < 8 || offset + length > from.size()) {
        throw new IOException(image.getFileName() + " is cut off");
      }
      long size = Integer.toUnsignedLong(read(from, offset + length - 4, 4).getInt(0));
      if (size > LARGEST) {
        throw new IOException("the kernel in it claims to be " + size + " bytes large");
      }
      try (OutputStream out = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW)) {
        long written = decompress(from, offset, length, new Limited(out, size));
        if (written != size) {
          throw new IOException(
              "the kernel in it ends after " + written + " of " + size + " bytes");
        }
      }
    }
    try (FileChannel kernel =
        FileChannel.open(to, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
      if (!new Elf(kernel).canBootByPvh()) {
        throw new IOException("the kernel in it has no PVH entry");
      }
      kernel.force(true);
    }
    // QEMU reads it as another user when root runs Carafe.
    Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rw-r--r--"));
  }

  private static long decompress(FileChannel from, long offset, long length, Limited to)
      throws IOException {
    int magic = read(from, offset, 4).getInt(0);
    if (magic == LZ4_LEGACY_MAGIC) {
      legacyLz4(part(from, offset + 4, length - 8), to);
    } else if (magic == ZSTD_MAGIC) {
      copy(new ZstdInputStream(part(from, offset, length - 4)), to);
    } else if (magic == XZ_MAGIC) {
      copy(new SingleXZInputStream(part(from, offset, length - 4), LARGEST_XZ_DICTIONARY_KIB), to);
    } else if ((magic & 0xffff) == GZIP_MAGIC) {
      copy(new GZIPInputStream(part(from, offset, length)), to);
    } else {
      throw new IOException(
          "the kernel in it is compressed in an unknown way (%08x)".formatted(magic));
    }
    return to.written;
  }

  /**
   * LZ4's first stream format: blocks of at most 8 MiB, each with its compressed size before it.
   */
  private static void legacyLz4(InputStream in, Limited to) throws IOException {
    byte[] size = new byte[4];
    while (in.readNBytes(size, 0, 4) == 4) {
      int compressed = ByteBuffer.wrap(size).order(ByteOrder.LITTLE_ENDIAN).getInt();
      if (compressed <= 0 || compressed > 2 * LZ4_LEGACY_BLOCK) {
        throw new IOException("the kernel in it is damaged");
      }
      byte[] block = in.readNBytes(compressed);
      if (block.length != compressed) {
        throw new EOFException("the kernel in it is cut off");
      }
      long before = to.written;
      try (InputStream raw = new BlockLZ4CompressorInputStream(new ByteArrayInputStream(block))) {
        copy(raw, to);
      } catch (IllegalArgumentException e) {
        throw new IOException("the kernel in it is damaged", e);
      }
      if (to.written - before > LZ4_LEGACY_BLOCK) {
        throw new IOException("the kernel in it is damaged");
      }
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[1 << 16];
    for (int n; (n = from.read(buffer)) >= 0; ) {
      to.write(buffer, 0, n);
    }
  }

  private static ByteBuffer read(FileChannel from, long offset, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (from.read(buffer, offset + buffer.position()) < 0) {
        throw new EOFException("it is too short for a bzImage");
      }
    }
    return buffer;
  }

  private static InputStream part(FileChannel from, long offset, long length) throws IOException {
    from.position(offset);
    return new BufferedInputStream(
        new FilterInputStream(Channels.newInputStream(from)) {
          private long left = length;

          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
          }

          @Override
          public int read(byte[] to, int at, int size) throws IOException {
            if (left == 0) {
              return size == 0 ? 0 : -1;
            }
            int n = super.read(to, at, (int) Math.min(size, left));
            left -= Math.max(n, 0);
            return n;
          }

          @Override
          public int available() {
            return 0;
          }

          @Override
          public boolean markSupported() {
            return false;
          }
        },
        1 << 16);
  }

  /** Counts, and stops what would become larger than announced. */
  private static final class Limited extends OutputStream {
    private final OutputStream to;
    private final long limit;
    private long written;

    Limited(OutputStream to, long limit) {
      this.to = to;
      this.limit = limit;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      written += length;
      if (written > limit) {
        throw new IOException("the kernel in it is larger than it says");
      }
      to.write(bytes, offset, length);
    }
  }
}
