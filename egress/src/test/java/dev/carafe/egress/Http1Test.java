package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What HTTP/1.1 can do beyond one request and its answer. */
class Http1Test {
  private Lab lab;
  private TestServer server;
  private Egress egress;
  private String at;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server =
        lab.plainServer()
            .on("/mirror", Behaviours::mirror)
            .on("/echo", Behaviours::echo)
            .on("/count", Behaviours::count)
            .on("/yes", () -> Behaviours.text(200, "yes"));
    egress = lab.start(Lab.open("api.test", server.port()));
    at = "api.test:" + server.port();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private Wire wire() throws Exception {
    return lab.keep(Wire.to(Lab.address(egress)));
  }

  private String head(String method, String path) {
    return method + " http://" + at + path + " HTTP/1.1\r\nHost: " + at + "\r\n";
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      all.append(head("POST", "/mirror?n=" + i)).append("Content-Length: 2\r\n\r\nok");
    }
    Wire wire = wire().send(all.toString());
    for (int i = 0; i < 50; i++) {
      assertThat(wire.answer().body()).startsWith("POST /mirror?n=" + i + "\n").endsWith("\nok");
    }
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void theHeadOfADocumentComesWithoutIt() throws Exception {
    Wire wire = wire().send(head("HEAD", "/yes") + "\r\n");
    Wire.Answer answer = wire.answer("HEAD");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-length")).isEqualTo("3");
    assertThat(wire.send(head("GET", "/yes") + "\r\n").answer().body()).isEqualTo("yes");
  }

  @Test
  void answersWithoutABodyHaveNone() throws Exception {
    server.on("/none", () -> Behaviours.body(204, new byte[0], Map.of()));
    server.on("/same", () -> Behaviours.body(304, new byte[0], Map.of("etag", "\"x\"")));
    Wire wire = wire().send(head("GET", "/none") + "\r\n" + head("GET", "/same") + "\r\n");
    assertThat(wire.answer().status()).isEqualTo(204);
    Wire.Answer same = wire.answer();
    assertThat(same.status()).isEqualTo(304);
    assertThat(same.header("etag")).isEqualTo("\"x\"");
    assertThat(wire.send(head("GET", "/yes") + "\r\n").answer().body()).isEqualTo("yes");
  }

  @Test
  void aBodyInChunksKeepsItsTrailers() throws Exception {
    Wire wire =
        wire()
            .send(head("POST", "/mirror") + "Transfer-Encoding: chunked\r\n\r\n")
            .send("3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n");
    assertThat(wire.answer().body()).endsWith("hellotrailer x-sum: 5\n");
    wire.send(head("POST", "/echo") + "Content-Length: 2\r\n\r\nok");
    assertThat(wire.answer().body()).isEqualTo("oktrailer grpc-status: 0\n");
  }

  @Test
  void theServerIsAskedBeforeABodyThatWaits() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    server.on(
        "/slow",
        () ->
            new TestServer.Behaviour() {
              private final TestServer.Behaviour count = Behaviours.count();

              @Override
              public void on(
                  io.netty.channel.ChannelHandlerContext ctx,
                  io.netty.handler.codec.http.HttpObject part) {
                if (part instanceof HttpRequest) {
                  asked.countDown();
                  ctx.writeAndFlush(
                      new DefaultFullHttpResponse(
                          HttpVersion.HTTP_1_1,
                          HttpResponseStatus.CONTINUE,
                          Unpooled.EMPTY_BUFFER));
                }
                count.on(ctx, part);
              }
            });
    Wire wire =
        wire().send(head("POST", "/slow") + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assertThat(wire.answer().status()).isEqualTo(100);
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(wire.send("hello").answer().body()).isEqualTo("5");
  }

  @Test
  void hintsComeBeforeTheAnswer() throws Exception {
    server.on(
        "/hints",
        () ->
            (ctx, part) -> {
              if (part instanceof HttpRequest) {
                DefaultFullHttpResponse hints =
                    new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.EARLY_HINTS,
                        Unpooled.EMPTY_BUFFER);
                hints.headers().set("link", "</style.css>");
                ctx.writeAndFlush(hints);
              }
              Behaviours.text(200, "done").on(ctx, part);
            });
    Wire wire = wire().send(head("GET", "/hints") + "\r\n");
    Wire.Answer hints = wire.answer();
    assertThat(hints.status()).isEqualTo(103);
    assertThat(hints.header("link")).isEqualTo("</style.css>");
    assertThat(wire.answer().body()).isEqualTo("done");
  }

  @Test
  void aClientThatHasSaidAllStillGetsItsAnswer() throws Exception {
    CompletableFuture<io.netty.channel.Channel> stream = new CompletableFuture<>();
    server.on("/events", () -> Behaviours.events(stream));
    Wire wire = wire().send(head("GET", "/events") + "\r\n").half();
    io.netty.channel.Channel channel = stream.get(10, TimeUnit.SECONDS);
    channel.writeAndFlush(TestServer.content("late".getBytes()));
    channel.writeAndFlush(io.netty.handler.codec.http.LastHttpContent.EMPTY_LAST_CONTENT);
    Wire.Answer answer = wire.answer();
    assertThat(answer.body()).isEqualTo("late");
    assertThat(wire.rest()).isEmpty();
  }

  @Test
  void aServerIsLetGoWhenItsClientIsGone() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    server.on("/never", () -> Behaviours.silent(arrived::countDown, gone::countDown));
    Wire wire = wire().send(head("GET", "/never") + "\r\n");
    assertThat(arrived.await(10, TimeUnit.SECONDS)).isTrue();
    wire.socket().setSoLinger(true, 0);
    wire.close();
    assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void anOldClientGetsAnAnswerThatEndsWithTheConnection() throws Exception {
    Wire wire = wire().send("POST http://" + at + "/echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nok");
    Wire.Answer answer = wire.answer();
    assertThat(answer.header("transfer-encoding")).isEmpty();
    assertThat(answer.header("connection")).isEqualTo("close");
    assertThat(answer.body()).isEqualTo("ok");
  }

  @Test
  void aLargeRequestThatIsRefusedSeesWhy() throws Exception {
    Wire wire = wire();
    wire.send(
        "POST http://other.test/ HTTP/1.1\r\nHost: other.test\r\nContent-Length: 8000000\r\n\r\n");
    wire.send(new byte[8_000_000]);
    Wire.Answer answer = wire.answer();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).isEqualTo("egress: no route to other.test\n");
  }

  @Test
  void aBodyThatIsCutShortReachesNoEnd() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    server.on("/never", () -> Behaviours.silent(() -> {}, gone::countDown));
    Wire wire = wire().send(head("POST", "/never") + "Content-Length: 100\r\n\r\nhello").half();
    assertThat(wire.answer().status()).isEqualTo(400);
    assertThat(gone.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void whatTheGuestMayReachIsTold() throws Exception {
    Wire wire =
        wire().send("GET http://_egress.local/allowlist HTTP/1.1\r\nHost: _egress.local\r\n\r\n");
    Wire.Answer answer = wire.answer();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).contains("\"host\":\"api.test\"");
    wire.send("GET http://_egress.local/other HTTP/1.1\r\nHost: _egress.local\r\n\r\n");
    assertThat(wire.answer().status()).isEqualTo(403);
    assertThat(server.heads()).isEmpty();
  }
}
