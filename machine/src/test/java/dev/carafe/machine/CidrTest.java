package dev.carafe.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1/32",
    "192.0.2.77/24, 192.0.2.0/24",
    "0.0.0.0/0, 0.0.0.0/0",
    "2001:DB8::1, 2001:db8::1/128",
    "2001:db8:0:0:1:0:0:1/64, 2001:db8::/64",
    "::/0, ::/0",
    "::ffff:192.0.2.1, 192.0.2.1/32",
    "::ffff:192.0.2.1/120, 192.0.2.0/24",
    "1:0:0:2::3, 1:0:0:2::3/128"
  })
  void isReadAndWritten(String text, String canonical) {
    assertThat(Cidr.parse(text)).hasToString(canonical).isEqualTo(Cidr.parse(canonical));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/",
        "1.2.3.4/08",
        "::/129",
        "fe80::1%eth0",
        "example.org",
        "1",
        "0x7f.1",
        "::ffff:1.2.3.4/95",
        "1.2.3.4/24/8",
        " 1.2.3.4"
      })
  void nothingElseIsRead(String text) {
    assertThatThrownBy(() -> Cidr.parse(text))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("192.0.2.0/24");
  }

  @Test
  void holdsAddressesHoweverTheyAreWritten() {
    Cidr block = Cidr.parse("10.1.128.0/17");
    assertThat(block.contains(Cidr.literal("10.1.128.0"))).isTrue();
    assertThat(block.contains(Cidr.literal("10.1.255.255"))).isTrue();
    assertThat(block.contains(Cidr.literal("::ffff:10.1.200.1"))).isTrue();
    assertThat(block.contains(Cidr.literal("10.1.127.255"))).isFalse();
    assertThat(block.contains(Cidr.literal("::10.1.200.1"))).isFalse();
    assertThat(block.contains(Cidr.parse("10.1.192.0/18"))).isTrue();
    assertThat(block.contains(Cidr.parse("10.1.0.0/16"))).isFalse();
  }
}
