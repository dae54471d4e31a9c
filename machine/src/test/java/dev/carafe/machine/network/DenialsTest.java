package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Denial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DenialsTest {
  @TempDir Path directory;
  private Instant now = Instant.parse("2026-11-27T12:00:00Z");

  private Path file() {
    return directory.resolve("denials.jsonl");
  }

  private Denials denials() {
    return new Denials(file(), () -> now);
  }

  @Test
  void theLastOnesAreReadBack() throws Exception {
    Denials denials = denials();
    for (int i = 0; i < 5; i++) {
      denials.add("connect", "192.0.2.1:" + i);
    }
    assertThat(Denials.read(file(), 2))
        .containsExactly(
            new Denial(now, "connect", "192.0.2.1:3"), new Denial(now, "connect", "192.0.2.1:4"));
    assertThat(Denials.read(directory.resolve("none"), 2)).isEmpty();
  }

  @Test
  void aGuestThatCausesManyIsCountedAndFillsNoDisk() throws Exception {
    Denials denials = denials();
    for (int i = 0; i < 100_000; i++) {
      denials.add("dns", i + "a".repeat(1_000));
    }
    now = now.plusSeconds(1);
    denials.add("dns", "b");
    List<Denial> all = Denials.read(file(), 100_000);
    assertThat(all).hasSize(202);
    assertThat(all.get(200).operation()).isEqualTo("missed");
    assertThat(all.get(200).destination()).isEqualTo("99800 more");
    for (int i = 0; i < 10_000; i++) {
      now = now.plusSeconds(1);
      denials.add("dns", "a".repeat(1_000));
    }
    long bytes = 0;
    for (Path each : List.of(file(), directory.resolve("denials.jsonl.1"))) {
      bytes += Files.size(each);
    }
    assertThat(bytes).isLessThanOrEqualTo(1 << 20);
  }

  @Test
  void theSameTwiceAtOnceIsOne() throws Exception {
    Denials denials = denials();
    denials.add("dns", "a.example");
    denials.add("dns", "a.example");
    now = now.plusSeconds(1);
    denials.add("dns", "a.example");
    assertThat(Denials.read(file(), 10)).hasSize(2);
  }

  @Test
  void aLineThatWasNotWrittenToItsEndHidesNoOther() throws Exception {
    denials().add("dns", "a\"\n\u001b[31m");
    Files.writeString(file(), "{\"timestamp\":\"2026", StandardOpenOption.APPEND);
    assertThat(Denials.read(file(), 10)).containsExactly(new Denial(now, "dns", "a\"\n\u001b[31m"));
  }
}
