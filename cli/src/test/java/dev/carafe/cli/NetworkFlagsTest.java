package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Network.Reach;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a machine may reach, as it is said on the command line. */
class NetworkFlagsTest {
  private final Caller caller = Caller.smolvm();

  private Network created(String options) {
    Outcome outcome = caller.call(("machine create web " + options).strip().split(" "));
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    return caller.machines.machines.remove("web").spec.network();
  }

  @Test
  void withoutAnOptionItReachesNothing() {
    assertThat(created("")).isEqualTo(Network.NONE);
    assertThat(created("-p 8080:80").outbound()).isFalse();
  }

  @Test
  void netOpensWhatIsPublic() {
    assertThat(created("--net")).isEqualTo(Network.open());
  }

  @Test
  void aListNeedsNoNetAndLimitsIt() {
    Network network = Network.of(List.of(Cidr.parse("10.0.0.0/8")), List.of("example.org"));
    String list = "--allow-cidr 10.0.0.0/8 --allow-host Example.ORG";
    assertThat(created(list)).isEqualTo(network);
    assertThat(created("--net " + list)).isEqualTo(network);
    assertThat(created("--outbound-localhost-only").cidrs()).isEqualTo(Network.LOOPBACK);
    assertThat(created("--net --outbound-localhost-only").reach()).isEqualTo(Reach.LISTED);
  }

  @Test
  void aMachineOfAPackIsLimitedInTheSameWay() {
    String options = "--net --allow-cidr 192.0.2.1 --allow-host example.org -p 80";
    assertThat(created("--from web.smolmachine " + options)).isEqualTo(created(options));
    assertThat(created("--from web.smolmachine")).isEqualTo(Network.NONE);
  }

  @Test
  void portsArePublished() {
    assertThat(created("-p 8080:80 --port 443").ports())
        .containsExactly(new PublishedPort(8080, 80), new PublishedPort(443, 443));
  }

  @ParameterizedTest
  @CsvSource({
    "--allow-cidr 10.0.0.0/33, invalid value '10.0.0.0/33' for --allow-cidr",
    "--allow-cidr example.org, invalid value 'example.org' for --allow-cidr",
    "--allow-host example.org:443, invalid value 'example.org:443' for --allow-host",
    "--allow-host https://example.org, invalid value 'https://example.org' for --allow-host",
    "--allow-host 192.0.2.1, invalid value '192.0.2.1' for --allow-host",
    "-p 0, invalid value '0' for --port",
    "-p 80:0, invalid value '80:0' for --port",
    "-p 80:80/udp, invalid value '80:80/udp' for --port",
    "-p 80:1 -p 80:2, the host's port 80 is given twice"
  })
  void whatCannotBeMeantIsRefusedAndNothingIsMade(String options, String why) {
    Outcome outcome = caller.call(("machine create web " + options).split(" "));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(why);
    assertThat(caller.machines.machines).isEmpty();
  }

  @Test
  void listsSayThatThereIsANetworkAndHowManyPorts() {
    caller.call("machine create web --allow-host example.org -p 8080:80 -p 81".split(" "));
    assertThat(caller.call("machine", "ls", "--json").out())
        .contains("\"network\" : true", "\"ports\" : 2");
    assertThat(caller.call("machine", "ls", "-v").out())
        .contains("Network: only example.org", "Port:    8080:80");
    assertThat(caller.call("machine", "start", "web").err())
        .contains("with 0 mount(s) and 2 port mapping(s)");
  }

  @Test
  void updateAddsAndTakesAway() {
    caller.call("machine create web -p 8080:80".split(" "));
    assertThat(caller.call("machine update web --net -p 81 --remove-port 8080:80".split(" ")).out())
        .isEqualTo(
            "Updated machine 'web':\n  Network: public\n  Port: removed 8080:80\n"
                + "  Port: added 81:81\n");
    assertThat(caller.call("machine", "update", "web", "--no-net").out()).contains("Network: none");
    assertThat(caller.machines.machines.get("web").spec.network())
        .isEqualTo(Network.NONE.withPorts(List.of(new PublishedPort(81, 81))));
  }

  @Test
  void updateNeverMakesAListLonger() {
    caller.call("machine create web --allow-host example.org".split(" "));
    caller.call("machine", "update", "web", "--net");
    assertThat(caller.machines.machines.get("web").spec.network())
        .isEqualTo(Network.of(List.of(), List.of("example.org")));
    assertThat(caller.call("machine", "update", "web", "--net", "--no-net").exitCode())
        .isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"machine egress-events nobody", "machine prove nobody"})
  void whatIsNotThereIsSaid(String line) {
    assertThat(caller.call(line.split(" ")).err()).isEqualTo("Error: vm not found: nobody\n");
  }
}
