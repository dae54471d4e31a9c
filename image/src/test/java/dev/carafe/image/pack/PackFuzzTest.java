package dev.carafe.image.pack;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.github.luben.zstd.Zstd;
import dev.carafe.image.Progress;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarPath;
import dev.carafe.image.tar.TarReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Whatever bytes a pack or an archive is made of, reading it ends, and ends in a result or in an
 * {@code IOException}. Run for long with {@code JAZZER_FUZZ=1 mvn test -pl image
 * -Dtest=PackFuzzTest#METHOD}; otherwise only the kept inputs are tried.
 */
class PackFuzzTest {
  /** A whole file, with a checksum that fits when the rest lets us find the place for it. */
  @FuzzTest(maxDuration = "2m")
  void file(byte[] bytes) {
    read(sealed(bytes));
  }

  /** The first half is a manifest, the second an archive, joined by a right footer. */
  @FuzzTest(maxDuration = "2m")
  void parts(byte[] bytes) {
    int split = 0;
    while (split < bytes.length && bytes[split] != 0) {
      split++;
    }
    if (split == 0 || split == bytes.length) {
      return;
    }
    byte[] manifest = Arrays.copyOf(bytes, split);
    byte[] assets = Zstd.compress(Arrays.copyOfRange(bytes, split + 1, bytes.length), 1);
    byte[] whole = Arrays.copyOf(assets, assets.length + manifest.length + PackFooter.BYTES);
    System.arraycopy(manifest, 0, whole, assets.length, manifest.length);
    byte[] footer = new PackFooter(1, 0, assets.length, manifest.length, 0).bytes();
    System.arraycopy(footer, 0, whole, whole.length - footer.length, footer.length);
    read(sealed(whole));
  }

  @FuzzTest(maxDuration = "2m")
  void archive(byte[] bytes) {
    TarReader reader = new TarReader(new ByteArrayInputStream(bytes));
    try {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        if (entry.size() < 0) {
          throw new AssertionError("a size of " + entry.size());
        }
        // A hole may claim to be of any size: what is there is read, not all that is claimed.
        reader.contents().readNBytes(1 << 20);
        for (String step : TarPath.components(entry.name())) {
          if (step.equals("..") || step.contains("/") || step.isEmpty()) {
            throw new AssertionError("the step '" + step + "' leads elsewhere");
          }
        }
      }
    } catch (IOException e) {
      // Refused, as it should be.
    }
  }

  private static byte[] sealed(byte[] bytes) {
    if (bytes.length < PackFooter.BYTES) {
      return bytes;
    }
    var crc = new java.util.zip.CRC32();
    crc.update(bytes, 0, bytes.length - PackFooter.BYTES);
    byte[] copy = bytes.clone();
    java.nio.ByteBuffer.wrap(copy)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(copy.length - PackFooter.BYTES + 52, (int) crc.getValue());
    return copy;
  }

  private static void read(byte[] bytes) {
    try {
      Path file = Files.createTempFile("carafe-fuzz-", ".smolmachine");
      try {
        Files.write(file, bytes);
        try (PackFile pack = PackFile.open(file)) {
          pack.check(Progress.silent());
        } catch (IOException e) {
          // Refused, as it should be.
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
