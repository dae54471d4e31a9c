package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.routes.Route;
import dev.carafe.egress.scan.OnMatch;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a guest can use up has a limit, and reaching it has an answer. */
class LimitTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  private Lab lab;
  private TestServer server;
  private String at;
  private final CountDownLatch arrived = new CountDownLatch(1);
  private final CountDownLatch gone = new CountDownLatch(1);

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server =
        lab.plainServer()
            .on("/never", () -> Behaviours.silent(arrived::countDown, gone::countDown))
            .on("/yes", () -> Behaviours.text(200, "yes"));
    at = "api.test:" + server.port();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private Egress start(Limits limits) throws Exception {
    return lab.start(lab.options(Lab.open("api.test", server.port())).limits(limits));
  }

  private Wire wire(Egress egress) throws Exception {
    return lab.keep(Wire.to(Lab.address(egress)));
  }

  private String get(String path) {
    return "GET http://" + at + path + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n";
  }

  @Test
  void oneConnectionTooManyIsToldSo() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().connections(1).build());
    Wire first = wire(egress).send(get("/yes"));
    assertThat(first.answer().status()).isEqualTo(200);
    Wire.Answer second = wire(egress).half().answer();
    assertThat(second.status()).isEqualTo(503);
    assertThat(second.body()).isEqualTo("egress: too many connections at once\n");
  }

  @Test
  void oneRequestTooManyIsToldSo() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().exchanges(1).build());
    wire(egress).send(get("/never"));
    assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
    Wire second = wire(egress).send(get("/yes"));
    assertThat(second.answer().body()).isEqualTo("egress: too many requests at once\n");
  }

  @Test
  void requestsThatAreOverAreForgotten() throws Exception {
    Route route = Lab.route("api.test", server.port(), List.of(), Optional.empty(), OnMatch.OFF);
    Egress egress = lab.start(route);
    Wire wire = wire(egress);
    // All together they are more than this process may use.
    String request = get("/yes").replace("\r\n\r\n", "\r\nx: " + "y".repeat(60_000) + "\r\n\r\n");
    for (int i = 0; i < 5_000; i++) {
      assertThat(wire.send(request).answer().status()).isEqualTo(200);
    }
  }

  @Test
  void aServerThatNeverAnswersIsGivenUp() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().idle(SHORT).build());
    Wire wire = wire(egress).send(get("/never"));
    assertThat(wire.answer().status()).isEqualTo(504);
    assertThat(gone.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aHeadThatNeverEndsIsGivenUp() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().head(SHORT).build());
    Wire wire = wire(egress).send("GET http://" + at + "/ HTTP/1.1\r\n");
    // Longer than this nobody waits for what does not come.
    wire.socket().setSoTimeout(5_000);
    assertThat(wire.rest()).isEmpty();
  }

  @Test
  void aHelloThatNeverEndsIsGivenUp() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().head(SHORT).build());
    Wire wire = wire(egress).connect(at).send(new byte[] {22, 3, 1, 1, 0, 1});
    assertThat(wire.rest()).isEmpty();
  }

  @Test
  void aConnectionWithoutARequestIsClosed() throws Exception {
    Egress egress = start(Limits.standard().toBuilder().keepAlive(SHORT).build());
    Wire wire = wire(egress).send(get("/yes"));
    assertThat(wire.answer().status()).isEqualTo(200);
    assertThat(wire.rest()).isEmpty();
  }

  @Test
  void aHandshakeThatStopsIsGivenUp() throws Exception {
    TestServer secure = lab.server("api.test");
    Limits limits = Limits.standard().toBuilder().handshake(SHORT).build();
    Egress egress = lab.start(lab.options(Lab.open("api.test", secure.port())).limits(limits));
    Wire wire = wire(egress).connect("api.test:" + secure.port());
    wire.send(TestHello.named("api.test"));
    wire.rest();
    assertThat(secure.connections()).isZero();
  }
}
