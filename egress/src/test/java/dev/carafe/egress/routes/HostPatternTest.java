package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPatternTest {
  @ParameterizedTest
  @CsvSource({
    "api.github.com, api.github.com",
    "API.GitHub.com, api.github.com",
    "localhost, localhost",
    "bücher.example, xn--bcher-kva.example",
    "例え.テスト, xn--r8jz45g.xn--zckzah",
    "*.example.com, *.example.com",
    "*.Bücher.example, *.xn--bcher-kva.example",
    "*.mycompany.co.uk, *.mycompany.co.uk",
    "*.corp.internal, *.corp.internal",
    "a-1.b2.example, a-1.b2.example",
  })
  void aHostIsKeptAsItIsAskedFor(String written, String kept) {
    assertThat(HostPattern.of(written).text()).isEqualTo(kept);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "*                  | every host",
        "*.com              | whole top-level domain",
        "*.co.uk            | anybody can have a name",
        "*.github.io        | anybody can have a name",
        "*.s3.amazonaws.com | anybody can have a name",
        "api.*.com          | only stand for first labels",
        "*example.com       | only stand for first labels",
        "*.*.example.com    | only stand for first labels",
        "https://x.example  | without 'https://'",
        "x.example/path     | a host has no path",
        "me@x.example       | a host has no user",
        "x.example:8443     | a host has no port",
        "x.example.         | dot at the end",
        "127.0.0.1          | IP address",
        "１２７.0.0.1         | IP address",
        "127。0。0。1          | IP address",
        "0x7f.1             | IP address",
        "2130706433         | IP address",
        "0x7f000001         | IP address",
        "[::1]              | IP address",
        "fd00::1            | IP address",
        "faß.example        | different names",
        "a b.example        | no host name",
        "-a.example         | no host name",
        "a..example         | no host name",
        "under_score.example | no host name",
        "x.example%00       | no host name",
      })
  void whatIsNoHostIsRefusedWithAReason(String written, String reason) {
    assertThatThrownBy(() -> HostPattern.of(written))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void labelsAndNamesHaveTheLengthsOfDns() {
    assertThatThrownBy(() -> HostPattern.of("a".repeat(64) + ".example"))
        .hasMessageContaining("no host name");
    assertThatThrownBy(() -> HostPattern.of("a.".repeat(130) + "example"))
        .hasMessageContaining("253");
  }

  @Test
  void aWildcardStandsForOneOrMoreLabels() {
    HostPattern pattern = HostPattern.of("*.example.com");
    assertThat(pattern.matches("a.example.com")).isTrue();
    assertThat(pattern.matches("a.b.example.com")).isTrue();
    assertThat(pattern.matches("example.com")).isFalse();
    assertThat(pattern.matches(".example.com")).isFalse();
    assertThat(pattern.matches("evilexample.com")).isFalse();
    assertThat(pattern.matches("a.example.com.evil.org")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x.example.com", "example.com.", "EXAMPLE.com", "example.comx"})
  void aNameStandsForItselfOnly(String other) {
    assertThat(HostPattern.of("example.com").matches("example.com")).isTrue();
    assertThat(HostPattern.of("example.com").matches(other)).isFalse();
  }
}
