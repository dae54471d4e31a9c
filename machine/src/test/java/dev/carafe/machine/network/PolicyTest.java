package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a machine may reach. */
class PolicyTest {
  private static final long SECOND = 1_000_000_000L;

  private static boolean allows(Network network, String address) {
    return new Policy(network).target(Cidr.literal(address), 443, 0).isPresent();
  }

  private static Network only(String... cidrs) {
    return Network.of(Arrays.stream(cidrs).map(Cidr::parse).toList(), List.of());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "127.0.0.1",
        "127.255.0.1",
        "10.0.0.1",
        "10.91.0.1",
        "10.91.0.2",
        "100.64.0.1",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1"
      })
  void whatIsNotPublicIsNotOpenToAll(String address) {
    assertThat(allows(Network.open(), address)).isFalse();
    assertThat(allows(only("0.0.0.0/0", "::/0"), address)).isFalse();
    assertThat(allows(Network.NONE, address)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1.1.1.1", "172.32.0.1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1"})
  void whatIsPublicIs(String address) {
    assertThat(allows(Network.open(), address)).isTrue();
    assertThat(allows(only("0.0.0.0/0"), address)).isEqualTo(!address.contains("6"));
    assertThat(allows(only("192.0.2.0/24"), address)).isFalse();
  }

  @Test
  void aRangeIsOpenedByNamingItOrAPartOfIt() {
    assertThat(allows(only("10.0.0.0/8"), "10.1.2.3")).isTrue();
    assertThat(allows(only("10.1.0.0/16"), "10.1.2.3")).isTrue();
    assertThat(allows(only("10.1.0.0/16"), "10.2.0.1")).isFalse();
    assertThat(allows(only("10.1.0.0/16"), "::ffff:10.1.2.3")).isTrue();
    assertThat(allows(only("8.0.0.0/6"), "10.1.2.3")).isFalse();
    assertThat(allows(only("fc00::/7"), "fd12::1")).isTrue();
    assertThat(allows(only("8000::/1"), "fd12::1")).isFalse();
    assertThat(
            allows(
                new Network(
                    Network.Reach.OPEN,
                    List.of(Cidr.parse("203.0.113.0/24")),
                    List.of(),
                    List.of()),
                "203.0.113.9"))
        .isTrue();
  }

  @Test
  void theMetadataServiceIsOpenedOnlyByItsOwnAddress() {
    assertThat(allows(only("169.254.0.0/16"), "169.254.1.1")).isTrue();
    assertThat(allows(only("169.254.0.0/16"), "169.254.169.254")).isFalse();
    assertThat(allows(only("169.254.169.254"), "169.254.169.254")).isTrue();
    assertThat(allows(only("fc00::/7"), "fd00:ec2::254")).isFalse();
  }

  @Test
  void thisHostsLoopbackIsReachedAtItsOwnAddress() {
    Policy policy = new Policy(only("127.0.0.1/32"));
    assertThat(policy.target(Cidr.literal("10.91.0.2"), 80, 0))
        .hasValueSatisfying(
            target -> {
              assertThat(target.getAddress().isLoopbackAddress()).isTrue();
              assertThat(target.getPort()).isEqualTo(80);
            });
    // The guest's own loopback never comes to us; and if it did:
    assertThat(policy.target(Cidr.literal("127.0.0.1"), 80, 0)).isEmpty();
    assertThat(policy.networks()).containsExactly(Cidr.parse("10.91.0.2/32"));
    assertThat(allows(only("127.0.0.2/32"), "10.91.0.2")).isFalse();
    assertThat(allows(only("10.91.0.0/16"), "10.91.0.1")).isFalse();
  }

  @Test
  void namesAreAllowedWithTheirSubDomains() {
    Policy policy = new Policy(Network.of(List.of(), List.of("Example.ORG.", "bücher.example")));
    assertThat(policy.allows("example.org")).isTrue();
    assertThat(policy.allows("a.b.example.org")).isTrue();
    assertThat(policy.allows("badexample.org")).isFalse();
    assertThat(policy.allows("example.org.evil")).isFalse();
    assertThat(policy.allows("org")).isFalse();
    assertThat(policy.allows("xn--bcher-kva.example")).isTrue();
    assertThat(policy.allows("")).isFalse();
  }

  @Test
  void whereANameLedIsAllowedWhileTheAnswerHoldsAndForAMinuteAtLeast() {
    Policy policy = new Policy(Network.of(List.of(), List.of("example.org")));
    byte[] address = Cidr.literal("1.1.1.1");
    assertThat(policy.target(address, 443, 0)).isEmpty();
    assertThat(policy.learn(address, 0, 0)).isTrue();
    assertThat(policy.learn(address, 0, 0)).as("the guest knows already").isFalse();
    assertThat(policy.target(address, 443, 59 * SECOND)).isPresent();
    assertThat(policy.target(address, 443, 61 * SECOND)).isEmpty();
    policy.learn(address, 300, 61 * SECOND);
    policy.learn(address, 1, 62 * SECOND);
    assertThat(policy.target(address, 443, 300 * SECOND)).isPresent();
    assertThat(policy.networks()).containsExactly(Cidr.parse("1.1.1.1/32"));
  }

  @Test
  void aNameLeadsNowhereElseThanToPublicAddressesAndThoseThatWereNamed() {
    Policy policy =
        new Policy(Network.of(List.of(Cidr.parse("10.1.0.0/16")), List.of("example.org")));
    for (String address :
        List.of(
            "127.0.0.1",
            "10.2.0.1",
            "169.254.169.254",
            "::ffff:10.2.0.1",
            "64:ff9b::10.2.0.1",
            "10.91.0.1")) {
      assertThat(policy.mayLeadTo(Cidr.literal(address))).as(address).isFalse();
      assertThat(policy.learn(Cidr.literal(address), 60, 0)).as(address).isFalse();
    }
    assertThat(policy.mayLeadTo(Cidr.literal("10.1.0.1"))).isTrue();
    assertThat(policy.learn(Cidr.literal("10.1.0.1"), 60, 0)).as("it is a network's").isFalse();
  }

  @Test
  void whatWasLearntIsLimitedAndConnectionsKeepTheirWay() {
    Policy policy = new Policy(Network.of(List.of(), List.of("example.org")));
    byte[] first = Cidr.literal("1.0.0.1");
    policy.learn(first, 60, 0);
    policy.connected(first);
    for (int i = 0; i < 2_000; i++) {
      policy.learn(new byte[] {2, 0, (byte) (i >> 8), (byte) i}, 60, i);
    }
    assertThat(policy.networks())
        .hasSizeLessThanOrEqualTo(Policy.MOST_LEARNT)
        .contains(Cidr.of(first));
    policy.disconnected(first);
    policy.learn(Cidr.literal("3.0.0.1"), 60, 1_000 * SECOND);
    assertThat(policy.networks()).containsExactly(Cidr.parse("3.0.0.1/32"));
  }

  @Test
  void theGuestRefusesByItselfWhatIsNotNamed() {
    assertThat(new Policy(Network.open()).networks())
        .contains(Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0"));
    assertThat(new Policy(Network.open()).refused())
        .contains(Cidr.parse("10.0.0.0/8"), Cidr.parse("169.254.169.254/32"))
        .doesNotContain(Cidr.parse("127.0.0.0/8"));
    assertThat(new Policy(only("10.0.0.0/8")).refused()).doesNotContain(Cidr.parse("10.0.0.0/8"));
    assertThat(new Policy(Network.NONE).refused()).isEmpty();
  }
}
