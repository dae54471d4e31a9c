package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.MachineException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that holds a network is told to open it, and asked what it has seen. */
class KeeperTest {
  @TempDir Path directory;

  private Keeper keeper(String script) {
    return Keeper.begin(
        List.of("/bin/sh", "-c", script), "/usr/bin/env", new MachineDirectory(directory));
  }

  @Test
  void itSaysWhatItHasSeenUntilItIsLeft() {
    try (Keeper keeper = keeper("read a; echo open; read b; echo 3; read c; echo 5; cat")) {
      keeper.open();
      assertThat(keeper.seenAtGate()).isEqualTo(3);
      assertThat(keeper.seenAtGate()).isEqualTo(5);
      keeper.leave();
    }
  }

  @Test
  void whatItSaysInsteadOfOpeningIsTheReason() {
    try (Keeper keeper = keeper("read a; echo 'host port 80 is in use'")) {
      assertThatThrownBy(keeper::open)
          .isInstanceOf(MachineException.class)
          .hasMessageContaining("host port 80 is in use");
    }
  }

  @Test
  void anAnswerThatIsNoNumberIsNoneAtAll() {
    try (Keeper keeper = keeper("read a; echo open; read b; echo -1")) {
      keeper.open();
      assertThatThrownBy(keeper::seenAtGate).isInstanceOf(MachineException.class);
    }
    try (Keeper keeper = keeper("read a; echo open")) {
      keeper.open();
      assertThatThrownBy(keeper::seenAtGate).hasMessageContaining("its process ended");
    }
  }
}
