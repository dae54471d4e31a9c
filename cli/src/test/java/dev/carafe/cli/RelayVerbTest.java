package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Gateway;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RelayVerbTest {
  private final FakeSignals signals = new FakeSignals();
  private final List<Runnable> hooks = new ArrayList<>();

  /** One whose machine ends when the test says so; closing it is somebody else's work. */
  private final Gateway gateway =
      new Gateway() {
        @Override
        public boolean isOpen() {
          return true;
        }

        @Override
        public void onClose(Runnable hook) {
          hooks.add(hook);
        }

        @Override
        public int seenAtGate() {
          return 0;
        }

        @Override
        public void close() {}
      };

  /** What hangs while it is closed would otherwise keep the process, and its secrets, for ever. */
  @Test
  void aRelayWhoseMachineIsGoneEndsAlsoWhenClosingHangs() throws Exception {
    CountDownLatch closed = RelayVerb.ending(gateway, Duration.ofMillis(1), signals);
    assertThat(closed.getCount()).isEqualTo(1);
    assertThat(signals.died).isNotDone();
    hooks.forEach(Runnable::run);
    assertThat(closed.getCount()).isZero();
    assertThat(signals.died.get(60, TimeUnit.SECONDS)).isEqualTo(ExitCode.FAILED);
  }
}
