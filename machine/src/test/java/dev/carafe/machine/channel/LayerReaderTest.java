package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.channel.LayerEntries.Header;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import org.junit.jupiter.api.Test;

/** The bounds of a layer that a guest sends. */
class LayerReaderTest {
  private static long read(LayerEntries entries, LayerReader.Bounds bounds) throws IOException {
    byte[] bytes = entries.end().bytes();
    LayerReader reader =
        new LayerReader(Channels.newChannel(new ByteArrayInputStream(bytes)), bounds);
    reader.still();
    long count = 0;
    while (reader.next() != null) {
      reader.data().readAllBytes();
      count++;
    }
    reader.finish();
    return count;
  }

  private static void refused(LayerEntries entries, LayerReader.Bounds bounds, String words) {
    assertThatThrownBy(() -> read(entries, bounds))
        .isInstanceOf(Violation.class)
        .hasMessageContaining(words);
  }

  private static LayerEntries deep(int depth) {
    LayerEntries entries = LayerEntries.begin();
    for (int i = 1; i <= depth; i++) {
      entries.entry(Entry.DIRECTORY, "d/".repeat(i - 1) + "d");
    }
    return entries;
  }

  @Test
  void directoriesMayBeSoDeepAndNoDeeper() throws IOException {
    var bounds = new LayerReader.Bounds(5, 100, 100, 1_000);
    assertThat(read(deep(5), bounds)).isEqualTo(5);
    refused(deep(6), bounds, "more than 5 deep");
  }

  private static LayerEntries linked(int count) {
    LayerEntries entries = LayerEntries.begin();
    for (int i = 0; i < count; i++) {
      entries.file(new Header(Entry.FILE, "f" + i).flags(LayerReader.LINKED), "");
    }
    return entries;
  }

  @Test
  void thereMayBeSoManyEntriesAndNoMore() throws IOException {
    var bounds = new LayerReader.Bounds(5, 3, 100, 1_000);
    assertThat(read(linked(3), bounds)).isEqualTo(3);
    refused(linked(4), bounds, "more than 3 files");
  }

  @Test
  void filesWithSeveralNamesMayTakeSoMuchMemoryAndNoMore() throws IOException {
    var bounds = new LayerReader.Bounds(5, 100, 100, 300);
    assertThat(read(linked(3), bounds)).isEqualTo(3);
    refused(linked(4), bounds, "more files with several names");
  }

  @Test
  void aFileThatIsTooLargeIsNamedWithoutWhatSteersATerminal() {
    var bounds = new LayerReader.Bounds(5, 100, 5, 300);
    refused(
        LayerEntries.begin().entry(Entry.FILE, "big\u001b[2J").map((1L << 40) + 1, 0),
        bounds,
        "more than a tebibyte: '/big?[2J'");
  }

  @Test
  void theirDataMayBeSoMuchAndNoMore() throws IOException {
    var bounds = new LayerReader.Bounds(5, 100, 5, 300);
    assertThat(read(LayerEntries.begin().file("a", "xx").file("b", "xxx"), bounds)).isEqualTo(2);
    refused(
        LayerEntries.begin().file("a", "xx").file("b", "xxxx"),
        bounds,
        "more than its disk can hold");
  }
}
