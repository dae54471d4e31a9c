package dev.carafe.egress.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.scan.Finding;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.scan.Scanner;
import dev.carafe.egress.secret.Secret;
import java.util.List;
import org.junit.jupiter.api.Test;

class EarlierSecretsTest {
  private final EarlierSecrets earlier = new EarlierSecrets();

  /** All of it counts: parts of it are in no other's. */
  private static String value(int number) {
    return "k%03d".formatted(number).repeat(3);
  }

  private void inForce(int number) {
    earlier.replace(List.of(Secret.of("TOKEN_" + number, value(number))));
  }

  private List<String> found(int number) {
    Scanner scanner = Scanner.of(earlier.addTo(ScanRules.builder()).build());
    return scanner.check("here", value(number).getBytes(US_ASCII)).stream()
        .map(Finding::rule)
        .toList();
  }

  @Test
  void whatIsInForceIsNotOfBefore() {
    inForce(1);
    assertThat(found(1)).isEmpty();
    inForce(1);
    assertThat(found(1)).isEmpty();
  }

  @Test
  void whatWasInForceIsRemembered() {
    inForce(1);
    inForce(2);
    earlier.replace(List.of());
    assertThat(found(1)).containsExactly("TOKEN_1");
    assertThat(found(2)).containsExactly("TOKEN_2");
  }

  @Test
  void whatIsInForceAgainIsNoLongerOfBefore() {
    inForce(1);
    inForce(2);
    inForce(1);
    assertThat(found(1)).isEmpty();
    assertThat(found(2)).containsExactly("TOKEN_2");
  }

  @Test
  void theOldestGoesWhenThereAreTooMany() {
    for (int i = 0; i <= EarlierSecrets.MOST + 1; i++) {
      inForce(i);
    }
    assertThat(found(0)).isEmpty();
    assertThat(found(1)).containsExactly("TOKEN_1");
    assertThat(found(EarlierSecrets.MOST)).containsExactly("TOKEN_" + EarlierSecrets.MOST);
  }

  @Test
  void onceClearedNothingIsRemembered() {
    inForce(1);
    inForce(2);
    earlier.clear();
    assertThat(found(1)).isEmpty();
    assertThat(found(2)).isEmpty();
  }
}
