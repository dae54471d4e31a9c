package dev.carafe.image.tar;

import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.testing.Tool;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
  @ParameterizedTest
  @CsvSource({
    TarArchiveOutputStream.LONGFILE_GNU + "," + TarArchiveOutputStream.BIGNUMBER_STAR,
    TarArchiveOutputStream.LONGFILE_POSIX + "," + TarArchiveOutputStream.BIGNUMBER_POSIX
  })
  void readsWhatOtherCodeWrites(int names, int numbers) throws IOException {
    String longName = "d/".repeat(100) + "name";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
      out.setLongFileMode(names);
      out.setBigNumberMode(numbers);
      TarArchiveEntry file = new TarArchiveEntry(longName);
      file.setSize(3);
      file.setUserId(3_000_000_000L);
      file.setMode(0100640);
      file.setModTime(-5_000L);
      out.putArchiveEntry(file);
      out.write("abc".getBytes(StandardCharsets.UTF_8));
      out.closeArchiveEntry();
      TarArchiveEntry link = new TarArchiveEntry("l", TarConstants.LF_SYMLINK);
      link.setLinkName(longName);
      out.putArchiveEntry(link);
      out.closeArchiveEntry();
      TarArchiveEntry device = new TarArchiveEntry("n", TarConstants.LF_BLK);
      device.setDevMajor(8);
      device.setDevMinor(17);
      out.putArchiveEntry(device);
      out.closeArchiveEntry();
      out.putArchiveEntry(new TarArchiveEntry("dir/"));
      out.closeArchiveEntry();
    }
    TarReader reader = reader(bytes.toByteArray());
    TarEntry file = reader.next();
    assertThat(file.name()).isEqualTo(longName);
    assertThat(file.uid()).isEqualTo(3_000_000_000L);
    assertThat(file.mode()).isEqualTo(0640);
    assertThat(file.mtime()).as("squashfs has no time before 1970").isZero();
    assertThat(reader.contents().readAllBytes()).asString().isEqualTo("abc");
    TarEntry link = reader.next();
    assertThat(link.type()).isEqualTo(Type.SYMBOLIC_LINK);
    assertThat(link.link()).isEqualTo(longName);
    TarEntry device = reader.next();
    assertThat(device.type()).isEqualTo(Type.BLOCK_DEVICE);
    assertThat(List.of(device.major(), device.minor())).containsExactly(8, 17);
    assertThat(reader.next().type()).isEqualTo(Type.DIRECTORY);
    assertThat(reader.next()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "v7", "ustar", "oldgnu", "posix"})
  void readsEveryDialectOfGnuTar(String format, @TempDir Path directory) throws Exception {
    Files.writeString(directory.resolve("file"), "contents");
    Files.createDirectory(directory.resolve("sub"));
    Path tar = directory.resolveSibling("x-" + format + ".tar");
    Tool.run(
        "tar",
        "--format=" + format,
        "--sort=name",
        "-C",
        directory.toString(),
        "-cf",
        tar.toString(),
        ".");
    try (var in = Files.newInputStream(tar)) {
      TarReader reader = new TarReader(in);
      assertThat(reader.next().name()).isEqualTo("./");
      assertThat(reader.next().name()).isEqualTo("./file");
      assertThat(reader.contents().readAllBytes()).asString().isEqualTo("contents");
      TarEntry sub = reader.next();
      assertThat(sub.name()).isEqualTo("./sub/");
      assertThat(sub.type()).isEqualTo(Type.DIRECTORY);
      assertThat(reader.next()).isNull();
    }
    Files.delete(tar);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=gnu",
        "--sparse-version=0.0",
        "--sparse-version=0.1",
        "--sparse-version=1.0"
      })
  void sparseFilesOfEveryVersionHaveAllTheirZeros(String option, @TempDir Path directory)
      throws Exception {
    Path sparse = directory.resolve("sparse");
    int size = 30_000_000;
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      for (int i = 0; i < 40; i++) { // more pieces than fit one old header
        file.seek(i * 700_000L + 4_096);
        file.write(("piece " + i).getBytes(StandardCharsets.UTF_8));
      }
      file.setLength(size);
    }
    Files.writeString(directory.resolve("z"), "after");
    Path tar = directory.resolve("x.tar");
    List<String> command = new ArrayList<>(List.of("tar", "--sparse", option));
    if (option.startsWith("--sparse")) {
      command.add("--format=posix");
    }
    command.addAll(List.of("-C", directory.toString(), "-cf", tar.toString(), "sparse", "z"));
    Tool.run(command);
    assertThat(Files.size(tar)).as("it is stored sparse").isLessThan(size);
    try (var in = Files.newInputStream(tar)) {
      TarReader reader = new TarReader(in);
      TarEntry entry = reader.next();
      assertThat(entry.name()).isEqualTo("sparse");
      assertThat(entry.size()).isEqualTo(size);
      assertThat(Arrays.equals(reader.contents().readAllBytes(), Files.readAllBytes(sparse)))
          .isTrue();
      assertThat(reader.next().name()).isEqualTo("z");
      assertThat(reader.contents().readAllBytes()).asString().isEqualTo("after");
    }
  }

  @Test
  void skipsContentsThatNobodyRead() throws IOException {
    TarReader reader = reader(tar(file("a", "x".repeat(100_000)), file("b", "b")));
    reader.next();
    assertThat(reader.next().name()).isEqualTo("b");
  }

  @Test
  void whatIsNoArchiveIsRefused() {
    byte[] noise = new byte[2_048];
    new Random(1).nextBytes(noise);
    assertThatThrownBy(() -> reader(noise).next())
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("not a tar archive");
  }

  @Test
  void anArchiveThatEndsAnywhereIsRefusedOrJustEnds() throws IOException {
    byte[] whole = tar(file("d/".repeat(80) + "a", "x".repeat(2_000)), file("b", "y"));
    for (int length = 0; length < whole.length; length += 100) {
      TarReader reader = reader(Arrays.copyOf(whole, length));
      try {
        while (reader.next() != null) {
          reader.contents().readAllBytes();
        }
      } catch (BadArchiveException e) {
        assertThat(e).hasMessageContaining("ends");
      }
    }
  }

  @Test
  void damagedHeadersNeverDoAnythingButBeRefused() throws IOException {
    byte[] whole = tar(file("a".repeat(150), "abc"), file("b", "y"));
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = whole.clone();
      for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      repairSums(damaged);
      TarReader reader = reader(damaged);
      try {
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
          TarPath.components(entry.name());
          assertThat(entry.size()).isNotNegative();
          reader.contents().readNBytes(100_000);
        }
      } catch (BadArchiveException expected) {
        // refused
      }
    }
  }

  /** So that damage gets past the first check. */
  private static void repairSums(byte[] tar) {
    for (int at = 0; at + 512 <= tar.length; at += 512) {
      if (tar[at + 257] == 'u') {
        int sum = 8 * ' ';
        for (int i = 0; i < 512; i++) {
          sum += i >= 148 && i < 156 ? 0 : tar[at + i] & 0xff;
        }
        byte[] octal = String.format("%06o\0 ", sum).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(octal, 0, tar, at + 148, 8);
      }
    }
  }

  @Test
  void aHugeExtendedHeaderIsRefusedBeforeItIsRead() throws IOException {
    byte[] tar = tar(file("n".repeat(200), "x"));
    assertThat(tar[156]).isEqualTo((byte) 'x');
    System.arraycopy("77777777777".getBytes(StandardCharsets.UTF_8), 0, tar, 124, 11);
    repairSums(tar);
    assertThatThrownBy(() -> reader(tar).next())
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("extended header of 8589934591 bytes");
  }

  @Test
  void aFileOfAbsurdSizeIsDescribedAndNotReserved() throws IOException {
    byte[] tar = tar(file("a", "x"));
    byte[] size = ByteBuffer.allocate(12).putInt(0x80000000).putLong(Long.MAX_VALUE).array();
    System.arraycopy(size, 0, tar, 124, 12);
    repairSums(tar);
    TarReader reader = reader(tar);
    assertThat(reader.next().size()).isEqualTo(Long.MAX_VALUE);
    assertThatThrownBy(reader::next).isInstanceOf(BadArchiveException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "12 path=abcd\n",
        "5 path",
        "x path=a\n",
        "99999999999999999999 path=a\n",
        "9 path=a\0",
        "7 =abc\n",
        "3 \n",
        "10 path=ab"
      })
  void damagedExtendedHeadersAreRefused(String records) {
    assertThatThrownBy(() -> PaxRecords.parse(records.getBytes(StandardCharsets.ISO_8859_1)))
        .isInstanceOf(BadArchiveException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0,1,0,1", "5,5", "-1,3", "0", "0,9223372036854775807", "3,1,1,1", ""})
  void damagedSparseMapsAreRefused(String map) {
    assertThatThrownBy(
            () -> {
              Sparse sparse = Sparse.inHeader(map, 8);
              sparse.check(1);
            })
        .isInstanceOf(BadArchiveException.class);
  }

  private static TarReader reader(byte[] tar) {
    return new TarReader(new ByteArrayInputStream(tar));
  }
}
