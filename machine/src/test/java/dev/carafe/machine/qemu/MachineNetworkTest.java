package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Proof;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A machine whose network is not as it should be is not handed out. */
class MachineNetworkTest {
  private static final Proof HOLDS = new Proof("network interfaces", false, "lo", true);

  @Test
  void whatDoesNotHoldIsSaidAndEndsTheStart() {
    Proof through = new Proof("private (10.255.255.254)", true, "it went through", false);
    assertThatThrownBy(() -> MachineNetwork.require("work", List.of(HOLDS, through)))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST))
        .hasMessageContaining("it must not reach private (10.255.255.254)")
        .hasMessageContaining("the machine was stopped");
    Proof refused = new Proof("the gateway", false, "Connection refused", false);
    assertThatThrownBy(() -> MachineNetwork.require("work", List.of(refused)))
        .hasMessageContaining("it must reach the gateway");
  }

  @Test
  void whatHoldsIsFine() {
    assertThatCode(() -> MachineNetwork.require("work", List.of(HOLDS))).doesNotThrowAnyException();
  }
}
