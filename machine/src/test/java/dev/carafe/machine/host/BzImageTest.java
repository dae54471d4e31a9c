package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class BzImageTest {
  /** More than one block of LZ4's first stream format. */
  private static final byte[] KERNEL = Elves.bootableKernel((8 << 20) + 12345);

  @TempDir Path directory;

  @Test
  void lz4IsUndone() throws IOException {
    assertThat(extracted(sized(lz4(KERNEL), KERNEL.length))).isEqualTo(KERNEL);
  }

  @Test
  void zstdIsUndone() throws IOException {
    assertThat(extracted(sized(Zstd.compress(KERNEL), KERNEL.length))).isEqualTo(KERNEL);
  }

  @Test
  void xzIsUndone() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream xz = new XZOutputStream(packed, new LZMA2Options(0))) {
      xz.write(KERNEL);
    }
    assertThat(extracted(sized(packed.toByteArray(), KERNEL.length))).isEqualTo(KERNEL);
  }

  @Test
  void gzipIsUndone() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(KERNEL);
    }
    assertThat(extracted(packed.toByteArray())).isEqualTo(KERNEL);
  }

  @Test
  void aKernelThatMustBeBootedInAnotherWayIsRefused() throws IOException {
    byte[] other = Elves.kernel(5000, "GNU", 18);

    assertThatThrownBy(() -> extracted(sized(Zstd.compress(other), other.length)))
        .isInstanceOf(IOException.class)
        .hasMessage("the kernel in it has no PVH entry");
  }

  @Test
  void anUnknownCompressionIsNamed() {
    assertThatThrownBy(() -> extracted(new byte[100])).hasMessageContaining("unknown way");
  }

  @Test
  void aKernelThatIsLargerOrSmallerThanItSaysIsRefused() {
    assertThatThrownBy(() -> extracted(sized(lz4(KERNEL), KERNEL.length - 1)))
        .hasMessageContaining("larger");
    assertThatThrownBy(() -> extracted(sized(lz4(KERNEL), KERNEL.length + 1)))
        .hasMessageContaining("ends after");
    assertThatThrownBy(() -> extracted(sized(lz4(KERNEL), -1))).hasMessageContaining("claims");
  }

  @Test
  void anImageThatIsCutOffIsRefused() throws IOException {
    byte[] whole = image(sized(lz4(KERNEL), KERNEL.length));
    for (int length : new int[] {0, 100, 0x24f, 0x250, 5000, whole.length - 51}) {
      assertThatThrownBy(() -> extractedFrom(Arrays.copyOf(whole, length)))
          .as("%d bytes", length)
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void damageIsAnErrorOfTheFileAndNothingElse() throws IOException {
    byte[] kernel = Elves.bootableKernel(3000);
    byte[] whole = image(sized(lz4(kernel), kernel.length));
    for (int at = 5 * 512; at < whole.length; at += 7) {
      byte[] damaged = whole.clone();
      damaged[at] ^= (byte) 0xff;
      try {
        // Some bytes are merely content.
        assertThat(extractedFrom(damaged)).hasSize(kernel.length);
      } catch (IOException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
  }

  private byte[] extracted(byte[] payload) throws IOException {
    return extractedFrom(image(payload));
  }

  private byte[] extractedFrom(byte[] image) throws IOException {
    Path file = Files.write(directory.resolve("vmlinuz"), image);
    Path to = directory.resolve("vmlinux");
    Files.deleteIfExists(to);
    BzImage.extract(file, to);
    return Files.readAllBytes(to);
  }

  /** Four sectors of set-up code after the first, then the payload a little way into the rest. */
  private static byte[] image(byte[] payload) {
    int offset = 77;
    ByteBuffer image = ByteBuffer.allocate(5 * 512 + offset + payload.length + 50);
    image.order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 4).putShort(0x1fe, (short) 0xaa55).putInt(0x202, 0x53726448);
    image.putShort(0x206, (short) 0x20f).putInt(0x248, offset).putInt(0x24c, payload.length);
    image.position(5 * 512 + offset).put(payload);
    return image.array();
  }

  private static byte[] sized(byte[] packed, int size) {
    ByteBuffer both = ByteBuffer.allocate(packed.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    return both.put(packed).putInt(size).array();
  }

  private static byte[] lz4(byte[] content) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(littleEndian(0x184c2102));
    for (int from = 0; from < content.length; from += 8 << 20) {
      ByteArrayOutputStream block = new ByteArrayOutputStream();
      try (OutputStream packed = new BlockLZ4CompressorOutputStream(block)) {
        packed.write(content, from, Math.min(8 << 20, content.length - from));
      }
      all.writeBytes(littleEndian(block.size()));
      all.writeBytes(block.toByteArray());
    }
    return all.toByteArray();
  }

  private static byte[] littleEndian(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }
}
