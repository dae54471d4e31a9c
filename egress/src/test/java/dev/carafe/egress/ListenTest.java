package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All the ways in which a guest's connections can arrive. */
class ListenTest {
  private static final Duration DAY = Duration.ofDays(1);

  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private Wire wire(Egress egress, int index) throws Exception {
    return lab.keep(Wire.to((InetSocketAddress) egress.addresses().get(index)));
  }

  @Test
  void aUnixSocketIsAProxyAsWell(@TempDir Path directory) throws Exception {
    TestServer server = lab.plainServer().on("/mirror", Behaviours::mirror);
    Path socket = directory.resolve("egress.sock");
    Egress egress =
        Egress.start(lab.options(Lab.open("api.test", server.port())).listen(Listen.proxy(socket)));
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      String at = "api.test:" + server.port();
      String request =
          "GET http://" + at + "/mirror HTTP/1.1\r\nHost: " + at + "\r\nConnection: close\r\n\r\n";
      channel.write(StandardCharsets.US_ASCII.encode(request));
      // Half closed, it still gets its answer.
      channel.shutdownOutput();
      ByteBuffer answer = ByteBuffer.allocate(4096);
      while (channel.read(answer) >= 0) {
        assertThat(answer.hasRemaining()).isTrue();
      }
      assertThat(StandardCharsets.US_ASCII.decode(answer.flip()).toString())
          .startsWith("HTTP/1.1 200 OK\r\n")
          .contains("GET /mirror\n");
    } finally {
      egress.close();
    }
    assertThat(Files.exists(socket)).isFalse();
  }

  @Test
  void aUnixSocketIsItsOwnersOnly(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("egress.sock");
    lab.start(lab.options(Lab.open("api.test", 443)).listen(Listen.proxy(socket)));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
  }

  /** Who reads to the end would otherwise wait for as long as a client may take over its head. */
  @Test
  @Timeout(60)
  void aRefusalIsTheLastThatAUnixSocketSays(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("egress.sock");
    Limits patient =
        Limits.standard().toBuilder().head(DAY).handshake(DAY).idle(DAY).keepAlive(DAY).build();
    Egress egress =
        Egress.start(
            lab.options(Lab.open("api.test", 443)).limits(patient).listen(Listen.proxy(socket)));
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          StandardCharsets.US_ASCII.encode(
              "CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n"));
      ByteBuffer answer = ByteBuffer.allocate(4096);
      while (channel.read(answer) >= 0) {
        assertThat(answer.hasRemaining()).isTrue();
      }
      assertThat(StandardCharsets.US_ASCII.decode(answer.flip()).toString())
          .startsWith("HTTP/1.1 403 egress: no route to other.test\r\n")
          .contains("egress: no route to other.test");
    } finally {
      egress.close();
    }
  }

  @Test
  void aConnectionCanStandForTheServerItself() throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    TestServer plain = lab.plainServer().on("/mirror", Behaviours::mirror);
    Egress egress =
        lab.start(
            lab.options(Lab.open("api.test", server.port()), Lab.open("api.test", plain.port()))
                .listen(new Listen(Listen.Kind.TLS, Lab.loopback(), server.port()))
                .listen(new Listen(Listen.Kind.HTTP, Lab.loopback(), plain.port())));
    SSLContext tls = Lab.trusting(egress.certificate());
    Wire secure = wire(egress, 1).tls(tls, "api.test", "http/1.1");
    secure.send("GET /mirror HTTP/1.1\r\nHost: api.test:" + server.port() + "\r\n\r\n");
    assertThat(secure.answer().status()).isEqualTo(200);
    Wire open = wire(egress, 2);
    open.send("GET /mirror HTTP/1.1\r\nHost: api.test:" + plain.port() + "\r\n\r\n");
    assertThat(open.answer().status()).isEqualTo(200);
    open.send("GET /mirror HTTP/1.1\r\nHost: other.test:" + plain.port() + "\r\n\r\n");
    assertThat(open.answer().status()).isEqualTo(403);
    open.send("GET /mirror HTTP/1.1\r\nHost: api.test\r\n\r\n");
    assertThat(open.answer().status()).isEqualTo(403);
  }

  @Test
  void aHelloForNobodyIsToldSo() throws Exception {
    Egress egress =
        lab.start(lab.options(Lab.open("api.test", 443)).listen(Listen.tls(Lab.loopback())));
    SSLContext tls = Lab.trusting(egress.certificate());
    assertThatThrownBy(() -> wire(egress, 1).tls(tls, "other.test"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("access_denied");
    Wire nonsense = wire(egress, 1).send("GET / HTTP/1.1\r\n\r\n");
    assertThat(nonsense.bytes(7)[0]).isEqualTo((byte) 21);
  }

  @Test
  void aClientThatDoesNotTrustTheCertificateHasFailedAndWasNotRefused(@TempDir Path directory)
      throws Exception {
    Path file = directory.resolve("audit.jsonl");
    try (Audit audit = Audit.open(AuditOptions.of(file))) {
      Egress egress = lab.start(lab.options(Lab.open("api.test", 443)).audit(audit));
      Wire wire = wire(egress, 0).connect("api.test:443");
      assertThatThrownBy(() -> wire.tls(SSLContext.getDefault(), "api.test"))
          .isInstanceOf(SSLException.class);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> Files.readString(file).contains("TLS with the client failed"));
    }
    assertThat(Files.readString(file))
        .contains("\"kind\":\"failed\"", "perhaps it does not trust the proxy's certificate")
        .doesNotContain("\"kind\":\"blocked\"");
  }

  @Test
  void aRouteCanHandTlsThrough() throws Exception {
    TestServer server = lab.oldServer("api.test").on("/mirror", Behaviours::mirror);
    Egress egress = lab.start(Lab.handedThrough("api.test", server.port()));
    String at = "api.test:" + server.port();
    java.security.KeyStore store =
        java.security.KeyStore.getInstance(java.security.KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry("server", lab.certificates().certificate());
    javax.net.ssl.TrustManagerFactory factory =
        javax.net.ssl.TrustManagerFactory.getInstance(
            javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext direct = SSLContext.getInstance("TLS");
    direct.init(null, factory.getTrustManagers(), null);
    Wire wire = wire(egress, 0).connect(at).tls(direct, "api.test");
    wire.send("GET /mirror HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
    assertThat(wire.answer().body()).startsWith("GET /mirror\n");
    // Another name within the same tunnel would be somebody else.
    Wire other = wire(egress, 0).connect(at);
    assertThatThrownBy(() -> other.tls(direct, "other.test"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("unrecognized_name");
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void itListensOnlyOnLoopback() {
    assertThatThrownBy(
            () ->
                Listen.proxy(
                    new InetSocketAddress(InetAddress.getByAddress(new byte[] {0, 0, 0, 0}), 0)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anAddressThatIsTakenIsSaidSo() throws Exception {
    Egress first = lab.start();
    InetSocketAddress taken = (InetSocketAddress) first.addresses().getFirst();
    assertThatThrownBy(() -> Egress.start(new EgressOptions().listen(Listen.proxy(taken))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen");
  }
}
