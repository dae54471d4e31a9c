package dev.carafe.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A layer is read while it is written, whole or with an exception at its end. */
class FrozenLayerTest {
  private interface Freezing {
    void freeze(OutputStream layer) throws Exception;
  }

  /** A machine that can do nothing else. */
  private record FreezingMachine(Freezing freezing) implements Machine {
    @Override
    public Duration freeze(FreezeSpec spec, OutputStream layer) {
      try {
        freezing.freeze(layer);
        return Duration.ZERO;
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new MachineException(ErrorCode.LOST, "freeze", e.getMessage(), e);
      }
    }

    @Override
    public String name() {
      return "frozen";
    }

    @Override
    public MachineSpec spec() {
      return MachineSpec.named("frozen");
    }

    @Override
    public MachineStatus status() {
      throw new AssertionError();
    }

    @Override
    public boolean start() {
      throw new AssertionError();
    }

    @Override
    public boolean stop(Duration grace) {
      throw new AssertionError();
    }

    @Override
    public void delete() {
      throw new AssertionError();
    }

    @Override
    public void update(MachineSpec spec) {
      throw new AssertionError();
    }

    @Override
    public Execution exec(ExecSpec spec) {
      throw new AssertionError();
    }

    @Override
    public void copyIn(Path host, String guest, CopyOptions options) {
      throw new AssertionError();
    }

    @Override
    public void copyOut(String guest, Path host, CopyOptions options) {
      throw new AssertionError();
    }

    @Override
    public Path directory() {
      throw new AssertionError();
    }
  }

  private static FrozenLayer layer(Freezing freezing) {
    return FrozenLayer.of(new FreezingMachine(freezing), FreezeSpec.ALL);
  }

  @Test
  void allBytesComeThroughInOrder() throws Exception {
    byte[] bytes = new byte[5_000_000];
    new Random(1).nextBytes(bytes);
    try (FrozenLayer layer =
        layer(
            out -> {
              out.write(bytes[0]);
              out.write(bytes, 1, 299_999);
              byte[] reused = new byte[1000];
              for (int at = 300_000; at < bytes.length; at += reused.length) {
                System.arraycopy(bytes, at, reused, 0, reused.length);
                out.write(reused);
              }
            })) {
      assertThat(layer.read()).isEqualTo(bytes[0] & 0xff);
      assertThat(layer.readAllBytes()).isEqualTo(Arrays.copyOfRange(bytes, 1, bytes.length));
      assertThat(layer.read()).isEqualTo(-1);
      assertThat(layer.failure()).isEmpty();
    }
  }

  @Test
  void aFreezeThatFailsIsNoEndOfTheLayer() {
    var failure = new MachineException(ErrorCode.GUEST, "freeze", "no space left");
    try (FrozenLayer layer =
        layer(
            out -> {
              out.write(new byte[100]);
              throw failure;
            })) {
      assertThatThrownBy(layer::readAllBytes).isInstanceOf(IOException.class).hasCause(failure);
      assertThatThrownBy(layer::read).isInstanceOf(IOException.class);
      assertThat(layer.failure()).contains(failure);
    }
  }

  @Test
  void aSlowReaderHoldsUpTheFreeze() throws Exception {
    AtomicLong written = new AtomicLong();
    CountDownLatch full = new CountDownLatch(1);
    try (FrozenLayer layer =
        layer(
            out -> {
              for (int i = 0; i < 1000; i++) {
                out.write(new byte[1 << 16]);
                written.incrementAndGet();
                if (i == 15) {
                  full.countDown();
                }
              }
            })) {
      full.await();
      assertThat(written.get()).isLessThanOrEqualTo(16);
      layer.readNBytes(1 << 16);
      assertThat(written.get()).isLessThanOrEqualTo(18);
      assertThat(layer.readAllBytes()).hasSize(999 << 16);
    }
  }

  @Test
  void closingEndsAFreezeThatGoesOn() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    FrozenLayer layer =
        layer(
            out -> {
              begun.countDown();
              try {
                while (true) {
                  out.write(new byte[1 << 20]);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              } finally {
                ended.countDown();
              }
            });
    begun.await();
    layer.close();
    assertThat(ended.getCount()).isZero();
    assertThatThrownBy(layer::read).isInstanceOf(IOException.class);
  }
}
