package dev.carafe.image.pack;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Writes a pack, version 1, as a stream: nothing is held in memory. */
final class PackWriter {
  /** smolvm's level: its higher ones cost a hundred times the time for a tenth of the space. */
  private static final int LEVEL = 3;

  private PackWriter() {}

  /** A file among the assets. */
  record Member(String path, long size, Opener content) {}

  /** Opens a member's bytes. */
  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }

  /** Writes a pack into an empty file and forces it to the disk; leaves the channel open. */
  static void write(FileChannel file, List<Member> members, byte[] manifest) throws IOException {
    OutputStream out = Channels.newOutputStream(file);
    Counting counting = new Counting(out);
    writeAssets(counting, members);
    long assets = counting.written;
    counting.write(manifest);
    int crc = (int) counting.crc.getValue();
    out.write(new PackFooter(1, 0, assets, manifest.length, crc).bytes());
    file.force(true);
  }

  private static void writeAssets(OutputStream out, List<Member> members) throws IOException {
    try (var zstd = new ZstdOutputStreamNoFinalizer(out, LEVEL).setCloseFrameOnFlush(false);
        var tar = new TarArchiveOutputStream(zstd)) {
      // Sizes of 8 GiB and more in the form that every reader of tar knows.
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
      for (Member member : members) {
        TarArchiveEntry entry = new TarArchiveEntry(member.path());
        entry.setSize(member.size());
        entry.setMode(0644);
        // When it was packed stands in the manifest, and only there.
        entry.setModTime(0L);
        tar.putArchiveEntry(entry);
        try (InputStream content = member.content().open()) {
          content.transferTo(tar);
        }
        tar.closeArchiveEntry();
      }
      tar.finish();
    }
  }

  /** Counts and sums what goes through; closing it closes nothing, for more is to come. */
  private static final class Counting extends FilterOutputStream {
    private final CRC32 crc = new CRC32();
    private long written;

    Counting(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int at, int length) throws IOException {
      out.write(bytes, at, length);
      crc.update(bytes, at, length);
      written += length;
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
