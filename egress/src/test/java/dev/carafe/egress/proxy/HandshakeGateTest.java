package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandshakeGateTest {

  @Test
  void aFewBeginAndTheOthersFollowInOrder() {
    HandshakeGate gate = new HandshakeGate(2, 3);
    List<Integer> begun = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      int number = i;
      assertThat(gate.enter(() -> begun.add(number))).isTrue();
    }
    assertThat(begun).containsExactly(1, 2);
    assertThat(gate.enter(() -> begun.add(6))).isFalse();
    gate.leave();
    assertThat(begun).containsExactly(1, 2, 3);
    gate.leave();
    gate.leave();
    assertThat(begun).containsExactly(1, 2, 3, 4, 5);
    gate.leave();
    gate.leave();
    assertThat(gate.enter(() -> begun.add(7))).isTrue();
    assertThat(begun).endsWith(7);
  }
}
