package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class SentenceTest {
  private static String full(Exception e) {
    return Sentence.full(Sentence.reason(e));
  }

  @Test
  void itEndsWithOneFullStop() {
    assertThat(full(new BottleException("it is so"))).isEqualTo("it is so.");
    assertThat(full(new BottleException("it is so."))).isEqualTo("it is so.");
  }

  @Test
  void whatAProgramHasSaidGetsNone() {
    assertThat(full(new BottleException("it said:\nsome lines"))).isEqualTo("it said:\nsome lines");
  }

  @Test
  void aNameAloneIsNoReason() {
    assertThat(full(new NoSuchFileException("/a/b"))).isEqualTo("there is no file /a/b.");
    assertThat(full(new FileSystemException("/a", null, "No space left on device")))
        .isEqualTo("/a: No space left on device; free some, and try again.");
    assertThat(full(new IOException())).isEqualTo("unexpected: java.io.IOException.");
    assertThat(full(new IllegalStateException("odd")))
        .isEqualTo("unexpected: java.lang.IllegalStateException: odd.");
  }
}
