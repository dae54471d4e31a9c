package dev.carafe.egress.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.junit.jupiter.api.Test;

class AuthorityTest {
  private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");
  private static final Duration LIFE = Duration.ofDays(14);

  private static Authority authority(String... hosts) {
    return new Authority(List.of(hosts), LIFE, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static List<String> permitted(X509Certificate certificate) throws Exception {
    NameConstraints constraints =
        NameConstraints.getInstance(
            new JcaX509CertificateHolder(certificate)
                .getExtension(Extension.nameConstraints)
                .getParsedValue());
    assertThat(constraints.getExcludedSubtrees()).hasSize(2);
    return java.util.Arrays.stream(constraints.getPermittedSubtrees())
        .map(GeneralSubtree::getBase)
        .map(name -> name.getName().toString())
        .toList();
  }

  @Test
  void itIsGoodForTheRoutesHostsOnly() throws Exception {
    assertThat(permitted(authority("b.test", "*.a.test").certificate()))
        .containsExactlyInAnyOrder("a.test", "b.test");
    assertThat(permitted(authority().certificate())).containsExactly("invalid");
  }

  @Test
  void itIsGoodForDaysAndBeginsALittleBefore() {
    X509Certificate certificate = authority("a.test").certificate();
    assertThat(certificate.getNotBefore()).isEqualTo(NOW.minus(Duration.ofHours(1)));
    assertThat(certificate.getNotAfter()).isEqualTo(NOW.plus(LIFE));
    assertThat(certificate.getPublicKey().getAlgorithm()).isEqualTo("EC");
    assertThat(certificate.getBasicConstraints()).isZero();
  }

  @Test
  void aServersCertificateIsMadeOnce() throws Exception {
    Authority authority = authority("a.test");
    assertThat(authority.contextFor("a.test")).isSameAs(authority.contextFor("a.test"));
  }

  @Test
  void itMakesNoneForOthers() {
    Authority authority = authority("a.test", "*.b.test");
    for (String host : List.of("c.test", "x.a.test", "b.test", "xb.test")) {
      assertThatThrownBy(() -> authority.contextFor(host))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void otherHostsChangeItsCertificateAndNotItsKey() throws Exception {
    Authority authority = authority("a.test");
    X509Certificate before = authority.certificate();
    authority.cover(List.of("a.test"));
    assertThat(authority.certificate()).isSameAs(before);
    authority.cover(List.of("b.test"));
    assertThat(authority.certificate().getPublicKey()).isEqualTo(before.getPublicKey());
    assertThat(permitted(authority.certificate())).containsExactly("b.test");
  }

  @Test
  void twoBottlesHaveNothingInCommon() {
    assertThat(authority("a.test").certificate().getPublicKey())
        .isNotEqualTo(authority("a.test").certificate().getPublicKey());
  }
}
