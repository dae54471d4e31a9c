package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.tls.Authority;
import dev.carafe.machine.FreezeSpec;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class GuestTrustTest {
  private static final String STORE = "/etc/ssl/certs/ca-certificates.crt";
  private static final String OTHERS =
      "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
  private static final String OURS =
      "# carafe: this machine's own certificate\n" + OTHERS.replace("AA", "BB") + "# carafe: end\n";

  private static String rewritten(String store) {
    byte[] after =
        GuestTrust.leftOut(FreezeSpec.ALL)
            .rewritten()
            .get(STORE)
            .apply(store.getBytes(StandardCharsets.ISO_8859_1));
    return new String(after, StandardCharsets.ISO_8859_1);
  }

  @Test
  void theSystemsStoreIsFrozenAsItWasBefore() {
    assertThat(rewritten(OTHERS + "\n" + OURS)).as("appended").isEqualTo(OTHERS);
    assertThat(rewritten(OTHERS + OURS)).as("made anew").isEqualTo(OTHERS);
    assertThat(rewritten(OTHERS + OURS + OTHERS)).isEqualTo(OTHERS + OTHERS);
    assertThat(rewritten(OTHERS + "\u00e4")).isEqualTo(OTHERS + "\u00e4");
  }

  @Test
  @Timeout(60)
  void aStoreThatAGuestHasFilledWithBeginningsIsReadOnce() {
    String begun = "# carafe: this machine's own certificate\n".repeat(100_000);
    assertThat(rewritten(begun)).isEqualTo(begun);
    String certificates = "-----BEGIN CERTIFICATE-----\nAA".repeat(130_000);
    assertThat(rewritten(certificates)).isEqualTo(certificates);
  }

  @Test
  void whatTheDistributionsOwnToolHasMadeOfItIsNotFrozenEither() {
    String ours = new Authority(Set.of("localhost"), Duration.ofDays(1), Clock.systemUTC()).pem();
    assertThat(rewritten(OTHERS + ours + OTHERS)).isEqualTo(OTHERS + OTHERS);
    String nonsense = OTHERS.replace("AA==", "A");
    assertThat(rewritten(nonsense + ours)).isEqualTo(nonsense);
  }

  @Test
  void itsOwnFilesAreLeftOutWithWhatIsLeftOutAnyway() {
    FreezeSpec spec = GuestTrust.leftOut(FreezeSpec.without(Set.of("/home/node/.carafe")));
    assertThat(spec.leftOut())
        .containsExactlyInAnyOrder(
            "/home/node/.carafe",
            "/etc/carafe",
            "/usr/local/share/ca-certificates/carafe.crt",
            "/etc/ssl/certs/carafe.pem",
            "/etc/ssl/certs/6ea7da84.1",
            GuestTrust.HASHED);
  }
}
