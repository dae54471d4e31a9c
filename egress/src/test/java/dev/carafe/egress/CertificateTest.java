package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The certificate that the guest is given, over the time that a bottle lives. */
class CertificateTest {
  private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");

  @Test
  void whoAsksAfterHalfItsLifeGetsANewOne() throws Exception {
    AtomicReference<Instant> time = new AtomicReference<>(NOW);
    InstantSource source = time::get;
    Clock clock = source.withZone(ZoneOffset.UTC);
    try (Egress egress = Egress.start(new EgressOptions().clock(clock))) {
      String first = egress.certificate();
      time.set(NOW.plus(Duration.ofDays(6)));
      assertThat(egress.certificate()).isEqualTo(first);
      time.set(NOW.plus(Duration.ofDays(8)));
      assertThat(egress.certificate()).isNotEqualTo(first);
    }
  }
}
