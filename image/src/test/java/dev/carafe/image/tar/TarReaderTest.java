package dev.carafe.image.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.TarEntry.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "posix", "ustar", "v7"})
  void readsWhatGnuTarWrites(String format) throws Exception {
    Path tree = Files.createDirectories(temp.resolve("tree/sub"));
    Files.writeString(tree.resolve("file"), "content");
    Files.createSymbolicLink(tree.resolve("link"), Path.of("file"));
    Files.createLink(tree.resolve("second"), tree.resolve("file"));
    if (!format.equals("v7")) {
      Files.writeString(tree.resolve("é".repeat(40)), "x".repeat(1000));
    }
    byte[] archive =
        run("tar", "-c", "--format=" + format, "--sort=name", "-C", temp.toString(), "tree");

    Map<String, TarEntry> entries = new HashMap<>();
    Map<String, String> contents = new HashMap<>();
    TarReader reader = new TarReader(new ByteArrayInputStream(archive));
    for (var next = reader.next(); next.isPresent(); next = reader.next()) {
      entries.put(next.get().name(), next.get());
      contents.put(
          next.get().name(), new String(reader.content().readAllBytes(), StandardCharsets.UTF_8));
    }

    assertThat(entries.get("tree/").kind()).isEqualTo(Kind.DIRECTORY);
    assertThat(contents.get("tree/sub/file")).isEqualTo("content");
    assertThat(entries.get("tree/sub/link").link()).isEqualTo("file");
    assertThat(entries.get("tree/sub/second").kind()).isEqualTo(Kind.HARD_LINK);
    if (!format.equals("v7")) {
      assertThat(contents.get("tree/sub/" + "é".repeat(40))).hasSize(1000);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "posix"})
  void readsVeryLongNamesAndLinkTargets(String format) throws Exception {
    Path deep = temp;
    for (int i = 0; i < 8; i++) {
      deep = deep.resolve("d".repeat(60));
    }
    Files.createDirectories(deep);
    Files.createSymbolicLink(deep.resolve("link"), Path.of("t".repeat(300)));
    String top = "d".repeat(60);
    byte[] archive = run("tar", "-c", "--format=" + format, "-C", temp.toString(), top);

    assertThat(entries(archive))
        .anySatisfy(
            entry -> {
              assertThat(entry.name()).hasSizeGreaterThan(480).endsWith("/link");
              assertThat(entry.link()).hasSize(300);
            });
  }

  @Test
  void passesOverTheHolesOfASparseFile() throws Exception {
    Path file = temp.resolve("holes");
    run("truncate", "-s", "1M", file.toString());
    try (var channel = Files.newByteChannel(file, java.nio.file.StandardOpenOption.WRITE)) {
      for (int i = 0; i < 40; i++) {
        channel.position(i * 16384L);
        channel.write(java.nio.ByteBuffer.wrap(new byte[] {1}));
      }
    }
    Files.writeString(temp.resolve("next"), "after");
    byte[] archive = run("tar", "-c", "-S", "--format=gnu", "-C", temp.toString(), "holes", "next");

    List<TarEntry> entries = entries(archive);
    assertThat(entries).extracting(TarEntry::kind).containsExactly(Kind.SPARSE, Kind.FILE);
    assertThat(entries.getLast().name()).isEqualTo("next");
  }

  @Test
  void readsOwnersSizesAndTimesThatOctalCannotHold() throws Exception {
    TarArchiveEntry entry = new TarArchiveEntry("big");
    entry.setUserId(3_000_000_000L);
    entry.setModTime(java.nio.file.attribute.FileTime.from(Instant.ofEpochSecond(-5)));
    byte[] archive = archive(out -> {}, entry);

    TarEntry read = entries(archive).getFirst();
    assertThat(read.uid()).isEqualTo(3_000_000_000L);
    assertThat(read.modified()).isEqualTo(Instant.ofEpochSecond(-5));
  }

  @Test
  void refusesAnArchiveThatIsCutOffAnywhere() throws Exception {
    TarArchiveEntry entry = new TarArchiveEntry("n".repeat(200));
    byte[] whole = archive(out -> {}, entry);
    int end = whole.length - 1;
    while (whole[end] == 0) {
      end--;
    }
    for (int length = 0; length <= end; length += 37) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> entries(part))
          .as("cut at %d", length)
          .isInstanceOf(TarFormatException.class);
    }
  }

  @Test
  void refusesAHeaderWhoseChecksumIsWrong() throws Exception {
    byte[] archive = archive(out -> {}, new TarArchiveEntry("file"));
    archive[0]++;
    assertThatThrownBy(() -> entries(archive)).hasMessageContaining("checksum");
  }

  @Test
  void refusesAnExtensionThatIsLargerThanItsLimit() throws Exception {
    byte[] header = new byte[1024];
    System.arraycopy("x".getBytes(StandardCharsets.US_ASCII), 0, header, 0, 1);
    octal(header, 124, 12, TarReader.MAX_EXTENSION + 1);
    header[156] = 'x';
    seal(header);
    assertThatThrownBy(() -> entries(header)).hasMessageContaining("extension");
  }

  @Test
  void refusesEndlessHeadersBeforeOneEntry() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < 40; i++) {
      byte[] header = new byte[512];
      header[0] = 'x';
      header[156] = 'x';
      octal(header, 124, 12, 0);
      seal(header);
      out.write(header);
    }
    assertThatThrownBy(() -> entries(out.toByteArray())).hasMessageContaining("headers");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0 path=x\n",
        "99 path=x\n",
        "9 path=x",
        "10 pathx\n",
        "x",
        "11 size=-1\n",
        "8 size=\n"
      })
  void refusesMalformedPaxRecords(String records) throws Exception {
    byte[] bytes = records.getBytes(StandardCharsets.UTF_8);
    byte[] archive = new byte[512 * 4];
    archive[0] = 'x';
    archive[156] = 'x';
    octal(archive, 124, 12, bytes.length);
    seal(archive);
    System.arraycopy(bytes, 0, archive, 512, bytes.length);
    assertThatThrownBy(() -> entries(archive)).isInstanceOf(TarFormatException.class);
  }

  @Test
  void refusesANegativeSizeAndOneThatOverflows() {
    for (int first : new int[] {0xff, 0x80}) {
      byte[] archive = new byte[1024];
      archive[0] = 'x';
      archive[124] = (byte) first;
      Arrays.fill(archive, 125, 136, (byte) 0xff);
      archive[156] = '0';
      seal(archive);
      assertThatThrownBy(() -> entries(archive)).isInstanceOf(TarFormatException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\0b"})
  void aPathThatLeadsElsewhereHasNoSteps(String path) {
    assertThatThrownBy(() -> TarEntry.steps(path)).isInstanceOf(TarFormatException.class);
  }

  @Test
  void emptyAndDotStepsAreDropped() throws Exception {
    assertThat(TarEntry.steps("./a//b/./c/")).containsExactly("a", "b", "c");
    assertThat(TarEntry.steps("./")).isEmpty();
  }

  private static List<TarEntry> entries(byte[] archive) throws IOException {
    TarReader reader = new TarReader(new ByteArrayInputStream(archive));
    List<TarEntry> entries = new ArrayList<>();
    for (var next = reader.next(); next.isPresent(); next = reader.next()) {
      entries.add(next.get());
    }
    return entries;
  }

  private static byte[] archive(Consumer<TarArchiveOutputStream> how, TarArchiveEntry entry)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = new TarArchiveOutputStream(bytes)) {
      out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
      out.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      how.accept(out);
      out.putArchiveEntry(entry);
      out.closeArchiveEntry();
    }
    return bytes.toByteArray();
  }

  private static void octal(byte[] header, int at, int length, long value) {
    byte[] digits =
        String.format("%0" + (length - 1) + "o", value).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(digits, 0, header, at, digits.length);
  }

  private static void seal(byte[] header) {
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < TarConstants.DEFAULT_RCDSIZE; i++) {
      sum += header[i] & 0xff;
    }
    octal(header, 148, 7, sum);
    header[154] = 0;
  }

  private static byte[] run(String... argv) throws Exception {
    Process process =
        new ProcessBuilder(argv).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    byte[] out = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
    return out;
  }
}
