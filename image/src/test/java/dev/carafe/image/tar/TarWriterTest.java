package dev.carafe.image.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Archives that are written, and read by the reader that reads everybody's. */
class TarWriterTest {
  private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
  private final TarWriter writer = new TarWriter(archive);

  private static TarEntry file(String name, long size) {
    return new TarEntry(
        name,
        TarEntry.Type.FILE,
        "",
        04755,
        70_000,
        5,
        1_234_567_890,
        size,
        0,
        0,
        Map.of("user.note", "a\0=\nb"));
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  private TarReader reader() {
    return new TarReader(new ByteArrayInputStream(archive.toByteArray()));
  }

  @Test
  void aFileWithHolesComesBackAsItWas() throws IOException {
    TarEntry entry = file("a/" + "long/".repeat(30) + "name", 1_000_000);
    writer.writeSparse(entry, new long[] {0, 3, 500_000, 2, 999_999, 1}, bytes("abcdef"));
    writer.write(file("next", 4), bytes("text"));
    writer.close();
    assertThat(archive.size()).isLessThan(8_000);
    TarReader reader = reader();
    assertThat(reader.next()).isEqualTo(entry);
    byte[] contents = reader.contents().readAllBytes();
    byte[] expected = new byte[1_000_000];
    System.arraycopy("abc".getBytes(StandardCharsets.US_ASCII), 0, expected, 0, 3);
    expected[500_000] = 'd';
    expected[500_001] = 'e';
    expected[999_999] = 'f';
    assertThat(contents).isEqualTo(expected);
    assertThat(reader.next()).isEqualTo(file("next", 4));
    assertThat(reader.contents().readAllBytes()).asString().isEqualTo("text");
    assertThat(reader.next()).isNull();
    assertThat(reader.sawEndMark()).isTrue();
  }

  @Test
  void aFileThatIsNothingButAHoleTakesNoRoom() throws IOException {
    TarEntry entry = file("hole", 1L << 39);
    writer.writeSparse(entry, new long[0], bytes(""));
    writer.close();
    assertThat(archive.size()).isLessThan(4_096);
    assertThat(reader().next()).isEqualTo(entry);
  }

  @Test
  void dataThatIsMissingIsNotMadeUp() {
    assertThatThrownBy(() -> writer.writeSparse(file("a", 100), new long[] {0, 10}, bytes("short")))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("shorter");
  }
}
