package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CidrTest {
  @ParameterizedTest
  @CsvSource({
    "10.1.0.0/16, 10.1.255.255, true",
    "10.1.0.0/16, 10.2.0.0, false",
    "127.0.0.1, 127.0.0.1, true",
    "127.0.0.1, 127.0.0.2, false",
    "10.0.0.0/9, 10.127.0.1, true",
    "10.0.0.0/9, 10.128.0.1, false",
    "fd00::/8, fdff::1, true",
    "fd00::/8, fe00::1, false",
    "127.0.0.0/8, ::ffff:127.0.0.1, true",
    "127.0.0.0/8, ::1, false",
  })
  void aRangeHoldsItsAddresses(String range, String address, boolean holds) {
    assertThat(Cidr.of(range).contains(InetAddress.ofLiteral(address))).isEqualTo(holds);
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0/0, every address",
    "::/0, every address",
    "10.1.0.0/8, first address of the range",
    "10.1.0.0/33, number from 1 to 32",
    "10.1.0.0/, number from 1 to 32",
    "10.1.0.0/-1, number from 1 to 32",
    "10.1, no address range",
    "010.0.0.1, no address range",
    "localhost, no address range",
    "fe80::1%1, no zone",
  })
  void whatIsNoRangeIsRefused(String text, String reason) {
    assertThatThrownBy(() -> Cidr.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }
}
