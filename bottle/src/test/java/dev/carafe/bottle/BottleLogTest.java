package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BottleLogTest {
  @TempDir Path directory;

  private BottleLog log() {
    return new BottleLog(
        directory.resolve("log.txt"), () -> Instant.parse("2026-11-27T12:00:00.123456Z"));
  }

  @Test
  void eachSentenceIsALineWithItsTime() {
    log().say("it began");
    log().say("it\n\u001b[2Jended");
    assertThat(directory.resolve("log.txt"))
        .hasContent("2026-11-27T12:00:00.123Z it began\n2026-11-27T12:00:00.123Z it [2Jended\n");
  }

  @Test
  void itEndsAtItsLimit() throws Exception {
    Path file = directory.resolve("log.txt");
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(4 << 20);
    }
    log().say("one more");
    assertThat(Files.size(file)).isEqualTo(4 << 20);
  }

  @Test
  void aLogThatCannotBeWrittenKeepsNobodyFromWorking() throws Exception {
    Files.createDirectory(directory.resolve("log.txt"));
    log().say("nobody hears this");
    assertThat(directory.resolve("log.txt")).isEmptyDirectory();
  }
}
