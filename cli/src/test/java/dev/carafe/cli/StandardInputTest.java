package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StandardInputTest {
  @Test
  void itGivesWhatComes() throws Exception {
    StandardInput input = new StandardInput(new ByteArrayInputStream("one two".getBytes()));
    assertThat(input.readNBytes(3)).asString().isEqualTo("one");
    assertThat(input.readAllBytes()).asString().isEqualTo(" two");
    assertThat(input.read()).isEqualTo(-1);
  }

  @Test
  void whatComesForAReaderThatHasGoneIsForTheNext() throws Exception {
    Pipe keys = new Pipe();
    CountDownLatch waiting = new CountDownLatch(1);
    StandardInput input =
        new StandardInput(
            new java.io.FilterInputStream(keys.input()) {
              @Override
              public int read(byte[] to, int offset, int length) throws java.io.IOException {
                waiting.countDown();
                return super.read(to, offset, length);
              }
            });
    CompletableFuture<Integer> gone = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                gone.complete(input.read(new byte[100]));
              } catch (java.io.IOException e) {
                gone.completeExceptionally(e);
              }
            });
    waiting.await();
    input.giveBack();
    keys.output().write("yes\n".getBytes());
    assertThat(input.readNBytes(4)).asString().isEqualTo("yes\n");
    assertThat(gone.get(20, TimeUnit.SECONDS)).isEqualTo(-1);
  }
}
