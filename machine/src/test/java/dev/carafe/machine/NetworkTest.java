package dev.carafe.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Network.Reach;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkTest {
  @Test
  void namesAreComparedAsTheyAreResolved() {
    assertThat(Network.host("Example.ORG.")).isEqualTo("example.org");
    assertThat(Network.host("bücher.example")).isEqualTo("xn--bcher-kva.example");
    assertThat(Network.host("_sip.example")).isEqualTo("_sip.example");
    assertThat(Network.host("intranet")).isEqualTo("intranet");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "https://example.org",
        "example.org:443",
        "example.org/path",
        "*.example.org",
        "a..b",
        "-a.example",
        "a-.example",
        "1.2.3.4",
        "127.1",
        "0x7f000001",
        "::1",
        "exa mple.org",
        "example.org\n"
      })
  void whatIsNoHostNameIsRefused(String text) {
    assertThatThrownBy(() -> Network.host(text)).isInstanceOf(MachineException.class);
  }

  @Test
  void aLabelAndANameAreLimited() {
    assertThatThrownBy(() -> Network.host("a".repeat(64) + ".example"))
        .isInstanceOf(MachineException.class);
    assertThatThrownBy(() -> Network.host("a.".repeat(127) + "ab"))
        .isInstanceOf(MachineException.class);
  }

  @Test
  void contradictionsAreRefused() {
    List<Cidr> cidrs = List.of(Cidr.parse("192.0.2.0/24"));
    assertThatThrownBy(() -> new Network(Reach.NONE, cidrs, List.of(), List.of()))
        .isInstanceOf(MachineException.class);
    assertThatThrownBy(() -> new Network(Reach.OPEN, List.of(), List.of("a.example"), List.of()))
        .isInstanceOf(MachineException.class);
    List<PublishedPort> twice = List.of(new PublishedPort(80, 1), new PublishedPort(80, 2));
    assertThatThrownBy(() -> Network.NONE.withPorts(twice))
        .hasMessageContaining("port 80 is given twice");
    assertThatThrownBy(() -> new PublishedPort(0, 80)).isInstanceOf(MachineException.class);
  }
}
