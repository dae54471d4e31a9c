package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.scan.Canary;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sidecar is opened whole or not at all, for a machine that is played by hand. */
class SidecarOpeningTest {
  private static final Canary CANARY = Canary.random();

  @TempDir Path directory;
  private FakeMachine machine;
  private Path routes;

  @BeforeEach
  void make() throws IOException {
    machine = new FakeMachine(Files.createDirectory(directory.resolve("s")));
    routes =
        Files.writeString(
            directory.resolve("routes.yaml"), "version: 1\nroutes:\n  - host: localhost\n");
  }

  private SidecarSpec spec() {
    return new SidecarSpec(routes, Map.of(), Optional.empty(), Optional.of(CANARY), note -> {});
  }

  @Test
  void aNetworkThatIsNotAsItShouldBeIsClosedAgain() throws IOException {
    Proof leak = new Proof("outside (192.0.2.1 port 1)", true, "it went through", false);
    machine.proofs = Stream.concat(machine.proofs.stream(), Stream.of(leak)).toList();
    assertThatThrownBy(() -> Sidecar.open(machine, spec()))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST))
        .hasMessageContaining("it must not reach outside (192.0.2.1 port 1)")
        .hasMessageContaining("its way out was closed");
    assertThat(machine.attached).isEmpty();
    try (Stream<Path> left = Files.list(machine.sockets())) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aRoutesFileThatCannotBeUsedOpensNothing() throws IOException {
    Files.writeString(routes, "version: 1\nroutes:\n  - host: '*'\n");
    assertThatThrownBy(() -> Sidecar.open(machine, spec()))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
    assertThat(machine.attached).isEmpty();
  }

  @Test
  void whateverKeepsItsPartsFromBeingMadeIsWhatIsThrown() throws IOException {
    Path token = Files.writeString(directory.resolve("token"), "a-token-of-nobody");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
    Files.writeString(
        routes,
        "version: 1\nroutes:\n  - host: localhost\n    auth: {scheme: bearer, token: {file: "
            + token
            + "}}\n");
    SidecarSpec failing =
        new SidecarSpec(
            routes,
            Map.of(),
            Optional.empty(),
            Optional.empty(),
            note -> {
              throw new OutOfMemoryError(note);
            });
    try (SidecarParts.Making parts = SidecarParts.begin("work", failing)) {
      assertThatThrownBy(parts::take)
          .isInstanceOf(OutOfMemoryError.class)
          .hasMessageContaining("can be read by everybody");
    }
  }

  @Test
  void policyComesFromTheFileThatSomebodyNamedAndFromNowhereElse() {
    MachineSpec plain = MachineSpec.builder("work").build();
    assertThat(SidecarSpec.of(plain, Map.of())).isEmpty();
    MachineSpec prepared = SidecarSpec.prepare(plain, routes);
    assertThat(SidecarSpec.of(prepared, Map.of()))
        .hasValueSatisfying(spec -> assertThat(spec.routes()).isEqualTo(routes));
  }

  @Test
  void onlyNamesThatARouteIsForLeadToTheProxy() {
    try (Sidecar sidecar = Sidecar.open(machine, spec())) {
      assertThat(sidecar.isOpen()).isTrue();
      Services services = machine.attached.getFirst();
      assertThat(services.names().test("localhost")).isTrue();
      assertThat(services.names().test("other.test")).isFalse();
    }
    assertThat(machine.attached).isEmpty();
  }

  @Test
  void theMachinesCanaryIsCarriedOutByNothing() throws IOException {
    try (Sidecar sidecar = Sidecar.open(machine, spec())) {
      assertThat(sidecar.isOpen()).isTrue();
      SocketAddress proxy = machine.attached.getFirst().ports().get(GuestEnvironment.PROXY_PORT);
      assertThat(get(proxy, "http://localhost/?" + CANARY.token()))
          .startsWith("HTTP/1.1 403 ")
          .contains("egress: canary");
    }
  }

  private static String get(SocketAddress proxy, String url) throws IOException {
    String request = "GET " + url + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(proxy);
      socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      return new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}
