package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The end of a bottle's sidecar, however it comes about: then there is no way out. */
abstract class SidecarAttacks extends EscapeGround {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  /** That there is no way out, or will be none in a moment. */
  void closed() {
    await().atMost(LIMIT).until(() -> !bottle.isOpen());
    // For a moment the guest still takes connections, and resets them.
    await()
        .atMost(LIMIT)
        .until(
            () -> run(ROOT, Attacker.PATH + " reach tcp,10.91.0.1,9099"),
            said -> said.endsWith(": ECONNREFUSED\n"));
    assertThat(run(AGENT, ALLOWED_REQUEST)).contains("Connection refused");
  }

  @Test
  void whenTheSidecarIsKilledThereIsNoWayOutUntilItIsOpenedAgain() throws Exception {
    bottle.kill();
    closed();
  }

  @Test
  void whenTheSidecarIsClosedThereIsNoWayOutUntilItIsOpenedAgain() {
    bottle.shut();
    closed();
    attempts(
        AGENT,
        """
        dns,10.91.0.1,1,api.cloud.example: ECONNREFUSED
        tcp,10.91.0.1,443: ECONNREFUSED
        tcp,8.8.8.8,443: ENETUNREACH
        """);
  }
}
