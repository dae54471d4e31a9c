package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRulesTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "4000::1",
        "fd00:ec2::254"
      })
  void whatIsNotOnTheInternetIsRefused(String address) throws Exception {
    assertThat(AddressRules.standard().refusal(InetAddress.getByName(address))).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.1.1",
        "198.17.1.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "64:ff9b::101:101",
        "2002:101:101::1",
        "::ffff:1.1.1.1",
        "2a00::1"
      })
  void whatIsOnTheInternetIsNot(String address) throws Exception {
    assertThat(AddressRules.standard().refusal(InetAddress.getByName(address))).isEmpty();
  }

  @Test
  void whatIsNamedIsAllowed() throws Exception {
    AddressRules rules = AddressRules.allowing(List.of("10.1.0.0/17", "fd00::/8", "127.0.0.1"));
    assertThat(rules.refusal(InetAddress.getByName("10.1.127.1"))).isEmpty();
    assertThat(rules.refusal(InetAddress.getByName("10.1.128.1"))).isPresent();
    assertThat(rules.refusal(InetAddress.getByName("fdff::1"))).isEmpty();
    assertThat(rules.refusal(InetAddress.getByName("::ffff:127.0.0.1"))).isEmpty();
    assertThat(rules.refusal(InetAddress.getByName("127.0.0.2"))).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/x",
        "::/129",
        "",
        "1.2.3.4.5"
      })
  void whatIsNoRangeIsSaidSo(String text) {
    assertThatThrownBy(() -> AddressRules.allowing(List.of(text)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
