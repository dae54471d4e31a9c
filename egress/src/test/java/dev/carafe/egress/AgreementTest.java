package dev.carafe.egress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.proxy.AddressRules;
import dev.carafe.egress.routes.HostPattern;
import dev.carafe.egress.routes.Inbound;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.routes.PathMatch;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.tls.UpstreamTrust;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All names of a server that a request gives must agree, and be allowed. */
class AgreementTest {
  private Lab lab;
  private TestServer server;
  private Egress egress;
  private SSLContext tls;
  private String at;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server = lab.server("api.test", "other.test").on("/mirror", Behaviours::mirror);
    egress =
        lab.start(
            Lab.open("api.test", server.port()),
            Lab.open("other.test", server.port()),
            Lab.open("private.test", server.port()));
    tls = Lab.trusting(egress.certificate());
    at = "api.test:" + server.port();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private Wire wire() throws Exception {
    return lab.keep(Wire.to(Lab.address(egress)));
  }

  private Wire inside() throws Exception {
    return wire().connect(at).tls(tls, "api.test");
  }

  private void denied(Wire wire, String why) throws Exception {
    Wire.Answer answer = wire.answer();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).startsWith("egress: ").contains(why);
    assertThat(server.heads()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1:443",
        "127.0.0.1:443",
        "[::1]:443",
        "[::ffff:1.1.1.1]:443",
        "2130706433:443",
        "0x7f000001:443",
        "0x7f.1:443",
        "127.1:443",
        "api.127:443"
      })
  void addressesAreNoNames(String address) throws Exception {
    denied(wire().send("CONNECT " + address + " HTTP/1.1\r\nHost: x\r\n\r\n"), "address");
  }

  @Test
  void anAddressWithTheHostOfAnotherIsDenied() throws Exception {
    denied(wire().send("GET http://1.1.1.1/ HTTP/1.1\r\nHost: " + at + "\r\n\r\n"), "address");
  }

  @Test
  void connectToWhatHasNoRouteIsDenied() throws Exception {
    String there = "no.test:" + server.port();
    Wire wire = wire().send("CONNECT " + there + " HTTP/1.1\r\nHost: " + there + "\r\n\r\n");
    denied(wire.half(), "no route");
  }

  @Test
  void connectToAnotherPortIsDenied() throws Exception {
    Wire wire = wire().send("CONNECT api.test:22 HTTP/1.1\r\nHost: api.test:22\r\n\r\n");
    denied(wire.half(), "port 22");
  }

  @Test
  void connectAndHostMustAgree() throws Exception {
    Wire wire = wire().send("CONNECT " + at + " HTTP/1.1\r\nHost: other.test\r\n\r\n");
    denied(wire.half(), "different");
  }

  @Test
  void connectAndThePortOfHostMustAgree() throws Exception {
    Wire wire = wire().send("CONNECT " + at + " HTTP/1.1\r\nHost: api.test:22\r\n\r\n");
    denied(wire.half(), "different");
  }

  @Test
  void aHostThatIsAListIsNotClear() throws Exception {
    Wire wire = wire().send("CONNECT " + at + " HTTP/1.1\r\nHost: " + at + ", " + at + "\r\n\r\n");
    Wire.Answer answer = wire.half().answer();
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body()).isEqualTo("egress: the host name is not clear\n");
  }

  @Test
  void urlAndHostMustAgree() throws Exception {
    String other = "other.test:" + server.port();
    denied(
        wire().send("GET http://" + at + "/ HTTP/1.1\r\nHost: " + other + "\r\n\r\n"), "different");
  }

  @Test
  void tunnelAndHostMustAgree() throws Exception {
    String other = "other.test:" + server.port();
    denied(inside().send("GET /mirror HTTP/1.1\r\nHost: " + other + "\r\n\r\n"), "another server");
  }

  @Test
  void tunnelAndPortMustAgree() throws Exception {
    denied(inside().send("GET /mirror HTTP/1.1\r\nHost: api.test\r\n\r\n"), "another server");
  }

  @Test
  void tunnelAndUrlMustAgree() throws Exception {
    String other = "other.test:" + server.port();
    denied(
        inside().send("GET https://" + other + "/mirror HTTP/1.1\r\nHost: " + other + "\r\n\r\n"),
        "another server");
  }

  @Test
  void tunnelAndHelloMustAgree() throws Exception {
    Wire wire = wire().connect(at);
    assertThatThrownBy(() -> wire.tls(tls, "other.test"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("unrecognized_name");
    assertThat(server.connections()).isZero();
  }

  @Test
  void thereIsNoTunnelInATunnel() throws Exception {
    denied(
        inside().send("CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n"),
        "no CONNECT");
  }

  @Test
  void connectHasNoBody() throws Exception {
    Wire wire =
        wire()
            .send("CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n")
            .send("Content-Length: 5\r\n\r\nhello")
            .half();
    assertThat(wire.answer().status()).isEqualTo(400);
  }

  @Test
  void aRequestThatComesWithItsConnectIsAnswered() throws Exception {
    TestServer plain = lab.plainServer().on("/mirror", Behaviours::mirror);
    Egress open = lab.start(Lab.open("api.test", plain.port()));
    String there = "api.test:" + plain.port();
    Wire wire = lab.keep(Wire.to(Lab.address(open)));
    wire.send(
        ("CONNECT " + there + " HTTP/1.1\r\nHost: " + there + "\r\n\r\n")
            + ("GET /mirror HTTP/1.1\r\nHost: " + there + "\r\n\r\n"));
    assertThat(wire.line()).startsWith("HTTP/1.1 200 ");
    assertThat(wire.line()).isEmpty();
    assertThat(wire.answer().body()).startsWith("GET /mirror\n");
  }

  @Test
  void aHelloThatComesWithItsConnectIsAnswered() throws Exception {
    byte[] connect = ("CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n").getBytes(US_ASCII);
    byte[] hello = TestHello.named("api.test");
    byte[] both = Arrays.copyOf(connect, connect.length + hello.length);
    System.arraycopy(hello, 0, both, connect.length, hello.length);
    Wire wire = wire().send(both);
    assertThat(wire.line()).startsWith("HTTP/1.1 200 ");
    assertThat(wire.line()).isEmpty();
    // A record of the handshake, which is not an alert.
    assertThat(wire.bytes(1)).containsExactly(22);
  }

  @Test
  void theSameNameInOtherSpellingsIsTheSame() throws Exception {
    Wire wire = wire().connect("API.test.:" + server.port()).tls(tls, "api.test");
    wire.send("GET /mirror HTTP/1.1\r\nHost: Api.Test:" + server.port() + "\r\n\r\n");
    assertThat(wire.answer().body()).contains("host: " + at + "\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/public/../private",
        "/public/%2e%2e/private",
        "/public/%2E./private",
        "/public/..;x=y/private",
        "/public/./x",
        "//private",
        "/public//private",
        "/public%2fprivate",
        "/public%5cprivate",
        "/public\\private",
        "/public/%252e%252e/private",
        "/public/%00",
        "/public/%0d%0a",
        "/public/%zz",
        "/public/%2",
        "/private",
        "/Public/x",
        "/publicity"
      })
  void pathsThatCouldBeOthersAreDenied(String path) throws Exception {
    Egress guarded = lab.start(matching("/public"));
    Wire wire = lab.keep(Wire.to(Lab.address(guarded)));
    Wire secure = wire.connect(at).tls(Lab.trusting(guarded.certificate()), "api.test");
    secure.send("GET " + path + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
    Wire.Answer answer = secure.answer();
    assertThat(answer.status()).isIn(400, 403);
    assertThat(answer.body()).startsWith("egress: ");
    assertThat(server.heads()).isEmpty();
  }

  @Test
  void whatNoMatchAllowsIsDenied() throws Exception {
    Egress guarded = lab.start(matching("/public"));
    Wire wire = lab.keep(Wire.to(Lab.address(guarded)));
    Wire secure = wire.connect(at).tls(Lab.trusting(guarded.certificate()), "api.test");
    denied(
        secure.send("GET /private HTTP/1.1\r\nHost: " + at + "\r\n\r\n"),
        "does not allow this method, path or header");
  }

  private Route matching(String prefix) {
    Match match =
        new Match(Optional.of(new PathMatch.Prefix(prefix)), Optional.of("GET"), List.of());
    return Lab.route("api.test", server.port(), List.of(match), Optional.empty(), OnMatch.BLOCK);
  }

  @Test
  void whereNoRuleDependsOnThePathEncodedSlashesGoThrough() throws Exception {
    server.on("/@scope%2fname", Behaviours::mirror);
    Wire wire = inside();
    wire.send("GET /@scope%2fname HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
    assertThat(wire.answer().body()).startsWith("GET /@scope%2fname\n");
  }

  @Test
  void pushingByGitIsDeniedHowItIsSpelt() throws Exception {
    for (String path :
        List.of(
            "/a.git/info/refs?service=git-receive-pack",
            "/a.git/info/refs?service=git%2Dreceive-pack",
            "/a.git/git-receive-pack",
            "/a.git/git%2dreceive%2dpack")) {
      denied(inside().send("POST " + path + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n"), "git push");
    }
    denied(
        inside()
            .send("GET /a.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: " + at)
            .send("\r\n\r\n"),
        "git fetch");
  }

  @Test
  void aNameOfThisHostsNetworkIsDenied() throws Exception {
    Route route = Lab.open("api.test", server.port());
    for (String address : List.of("10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1")) {
      Egress guarded =
          lab.start(
              lab.options(route)
                  .addresses(AddressRules.standard())
                  .resolver(host -> List.of(InetAddress.getByName(address))));
      Wire wire = lab.keep(Wire.to(Lab.address(guarded)));
      Wire secure = wire.connect(at).tls(Lab.trusting(guarded.certificate()), "api.test");
      denied(secure.send("GET / HTTP/1.1\r\nHost: " + at + "\r\n\r\n"), "belongs to");
    }
  }

  @Test
  void aNameThatLeadsToThisHostIsDenied() throws Exception {
    TestServer plain = lab.plainServer().on("/", Behaviours::mirror);
    Egress guarded =
        lab.start(
            lab.options(Lab.open("api.test", plain.port())).addresses(AddressRules.standard()));
    String there = "api.test:" + plain.port();
    Wire wire = lab.keep(Wire.to(Lab.address(guarded)));
    denied(
        wire.send("GET http://" + there + "/ HTTP/1.1\r\nHost: " + there + "\r\n\r\n"),
        "127.0.0.1, belongs to this host; add it or its network to 'allow' in the routes file");
    assertThat(plain.connections()).isZero();
  }

  @Test
  void aNameThatIsASecretIsDenied() throws Exception {
    TestServer plain = lab.plainServer().on("/", Behaviours::mirror);
    Egress broad =
        lab.start(Lab.open("*.test", plain.port()), Lab.signed("api.test", server.port()));
    String there = Lab.SECRET + ".test:" + plain.port();
    Wire wire = lab.keep(Wire.to(Lab.address(broad)));
    denied(
        wire.send("GET http://" + there + "/ HTTP/1.1\r\nHost: " + there + "\r\n\r\n"),
        "found in the host");
    assertThat(plain.connections()).isZero();
  }

  @Test
  void aServerThatNobodyVouchesForIsNotTalkedTo() throws Exception {
    Egress strict =
        lab.start(
            lab.options(Lab.signed("api.test", server.port())).trust(UpstreamTrust.standard()));
    Wire wire = lab.keep(Wire.to(Lab.address(strict)));
    Wire secure = wire.connect(at).tls(Lab.trusting(strict.certificate()), "api.test");
    Wire.Answer answer = secure.send("GET / HTTP/1.1\r\nHost: " + at + "\r\n\r\n").answer();
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.body()).contains("is not trusted on this host");
    assertThat(server.heads()).isEmpty();
  }

  @Test
  void whomThisHostTrustsIsTalkedTo(@TempDir Path directory) throws Exception {
    Path store = directory.resolve("authorities.pem");
    String encoded =
        Base64.getMimeEncoder().encodeToString(lab.certificates().certificate().getEncoded());
    Files.writeString(
        store, "-----BEGIN CERTIFICATE-----\n" + encoded + "\n-----END CERTIFICATE-----\n");
    Egress trusting =
        lab.start(
            lab.options(Lab.signed("api.test", server.port()))
                .trust(UpstreamTrust.ofHost(Map.of("SSL_CERT_FILE", store.toString()))));
    Wire wire = lab.keep(Wire.to(Lab.address(trusting)));
    Wire secure = wire.connect(at).tls(Lab.trusting(trusting.certificate()), "api.test");
    Wire.Answer answer = secure.send("GET /mirror HTTP/1.1\r\nHost: " + at + "\r\n\r\n").answer();
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void aFileOfAuthoritiesThatCannotBeUsedIsNamed(@TempDir Path directory) throws Exception {
    Path missing = directory.resolve("missing.pem");
    assertThatThrownBy(() -> UpstreamTrust.ofHost(Map.of("SSL_CERT_FILE", missing.toString())))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the certificate authorities in " + missing + " cannot be read");
    Path empty = Files.createFile(directory.resolve("empty.pem"));
    assertThatThrownBy(() -> UpstreamTrust.ofHost(Map.of("SSL_CERT_FILE", empty.toString())))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(empty.toString());
  }

  @Test
  void aServerWithAnothersCertificateIsNotTalkedTo() throws Exception {
    TestServer impostor = lab.server("evil.test").on("/", Behaviours::mirror);
    Egress other = lab.start(Lab.signed("api.test", impostor.port()));
    String there = "api.test:" + impostor.port();
    Wire wire = lab.keep(Wire.to(Lab.address(other)));
    Wire secure = wire.connect(there).tls(Lab.trusting(other.certificate()), "api.test");
    Wire.Answer answer = secure.send("GET / HTTP/1.1\r\nHost: " + there + "\r\n\r\n").answer();
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.body()).contains("certificate");
    assertThat(impostor.heads()).isEmpty();
  }

  @Test
  void whatCannotBeReachedIsSaidSo() throws Exception {
    Egress other = lab.start(Lab.open("unknown.test", 443), Lab.open("api.test", 1));
    Wire unknown = lab.keep(Wire.to(Lab.address(other))).connect("unknown.test:443");
    Wire.Answer answer =
        unknown
            .tls(Lab.trusting(other.certificate()), "unknown.test")
            .send("GET / HTTP/1.1\r\nHost: unknown.test\r\n\r\n")
            .answer();
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.body()).isEqualTo("egress: the name unknown.test is not known\n");
    Wire closed =
        lab.keep(Wire.to(Lab.address(other)))
            .send("GET http://api.test:1/ HTTP/1.1\r\nHost: api.test:1\r\n\r\n");
    assertThat(closed.answer().body()).isEqualTo("egress: api.test:1 cannot be connected to\n");
  }

  @Test
  void theCertificateIsForTheRoutesHostsOnly() throws Exception {
    Egress narrow = lab.start(Lab.open("api.test", server.port()));
    assertThat(narrow.certificate()).contains("BEGIN CERTIFICATE");
    Wire wire = lab.keep(Wire.to(Lab.address(egress)));
    assertThatThrownBy(() -> wire.connect(at).tls(Lab.trusting(narrow.certificate()), "api.test"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aRouteThatHandsTlsThroughIsNotForAnythingElse() throws Exception {
    TestServer plain = lab.plainServer().on("/", Behaviours::mirror);
    Route route =
        new Route(
            new HostPattern("api.test"),
            plain.port(),
            List.of(),
            Optional.empty(),
            OnMatch.OFF,
            new Inbound(OnMatch.OFF),
            false,
            true,
            1);
    Egress other = lab.start(route);
    String there = "api.test:" + plain.port();
    Wire wire = lab.keep(Wire.to(Lab.address(other)));
    wire.send("GET http://" + there + "/ HTTP/1.1\r\nHost: " + there + "\r\n\r\n");
    assertThat(wire.answer().status()).isEqualTo(403);
    Wire tunnel = lab.keep(Wire.to(Lab.address(other))).connect(there);
    tunnel.send("GET / HTTP/1.1\r\nHost: " + there + "\r\n\r\n");
    assertThat(tunnel.answer().status()).isEqualTo(403);
    assertThat(plain.connections()).isZero();
  }
}
