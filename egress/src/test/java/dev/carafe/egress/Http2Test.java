package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 by its frames, on a connection that stands for the server itself. */
class Http2Test {
  private Lab lab;
  private TestServer server;
  private String at;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private Http2Wire wire(boolean newServer) throws Exception {
    return wire(newServer, 65_535);
  }

  private Http2Wire wire(boolean newServer, int window) throws Exception {
    server = newServer ? lab.server("api.test") : lab.oldServer("api.test");
    server.on("/echo", Behaviours::echo).on("/mirror", Behaviours::mirror);
    at = "api.test:" + server.port();
    Egress egress =
        lab.start(
            lab.options(Lab.signed("api.test", server.port()))
                .listen(new Listen(Listen.Kind.TLS, Lab.loopback(), server.port())));
    InetSocketAddress address = (InetSocketAddress) egress.addresses().get(1);
    return lab.keep(new Http2Wire(address, "api.test", egress.certificate(), window));
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void bothSidesSpeakInTurnOnOneStream(boolean newServer) throws Exception {
    Http2Wire wire = wire(newServer);
    Http2Headers request = Http2Wire.request("POST", at, "/echo").add("te", "trailers");
    Http2Wire.Stream stream = wire.open(request, false);
    assertThat(stream.headers().status()).hasToString("200");
    for (int i = 0; i < 20; i++) {
      stream.data("message " + i + ";", false);
      String message = "message " + i + ";";
      assertThat(stream.text(message.length())).isEqualTo(message);
    }
    stream.data("", true);
    assertThat(stream.headers().get("grpc-status")).hasToString("0");
    assertThat(stream.text()).isEqualTo("END");
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void trailersOfARequestGoOnWithoutCredentials(boolean newServer) throws Exception {
    Http2Wire wire = wire(newServer);
    Http2Wire.Stream stream = wire.open(Http2Wire.request("POST", at, "/mirror"), false);
    stream.data("hello", false);
    stream.trailers(
        new DefaultHttp2Headers(false).add("x-sum", "5").add("authorization", "Bearer mine"));
    assertThat(stream.headers().status()).hasToString("200");
    assertThat(stream.text()).endsWith("hellotrailer x-sum: 5\n").doesNotContain("mine");
  }

  @Test
  void cookiesInPiecesAreOneCookie() throws Exception {
    Http2Wire wire = wire(false);
    Http2Wire.Stream stream =
        wire.open(Http2Wire.request("GET", at, "/mirror").add("x-a", "1").add("x-a", "2"), true);
    stream.headers();
    assertThat(stream.text()).contains("x-a: 1\nx-a: 2\n");
  }

  @Test
  void manyStreamsShareAConnectionOnBothSides() throws Exception {
    Http2Wire wire = wire(true);
    Http2Wire.Stream[] streams = new Http2Wire.Stream[50];
    for (int i = 0; i < streams.length; i++) {
      streams[i] = wire.open(Http2Wire.request("POST", at, "/echo"), false);
      streams[i].data("stream " + i, true);
    }
    for (int i = 0; i < streams.length; i++) {
      assertThat(streams[i].headers().status()).hasToString("200");
      assertThat(streams[i].text(("stream " + i).length())).isEqualTo("stream " + i);
    }
    // One for each of the proxy's threads at most; here one client, so one thread.
    assertThat(server.connections()).isEqualTo(1);
  }

  @Test
  void thereIsNoTunnelInAStream() throws Exception {
    Http2Wire.Stream stream = wire(false).open(Http2Wire.request("CONNECT", at, "/mirror"), false);
    assertThat(stream.headers().status()).hasToString("403");
    assertThat(server.heads()).isEmpty();
  }

  static Stream<Arguments> hostile() {
    return Stream.of(
        Arguments.of("a value with CR LF", edit(h -> h.add("x", "a\r\nx-evil: 1"))),
        Arguments.of("a value with LF", edit(h -> h.add("x", "a\nb"))),
        Arguments.of("a value with NUL", edit(h -> h.add("x", "a\0b"))),
        Arguments.of("a name with CR LF", edit(h -> h.add("x\r\nevil", "a"))),
        Arguments.of("a name with a colon", edit(h -> h.add("x:evil", "a"))),
        Arguments.of("a name with a space", edit(h -> h.add("x evil", "a"))),
        Arguments.of("a name in capitals", edit(h -> h.add("X-Evil", "a"))),
        Arguments.of("transfer-encoding", edit(h -> h.add("transfer-encoding", "chunked"))),
        Arguments.of("connection", edit(h -> h.add("connection", "close"))),
        Arguments.of("upgrade", edit(h -> h.add("upgrade", "websocket"))),
        Arguments.of("two lengths", edit(h -> h.add("content-length", "1", "2"))),
        Arguments.of("a length that is none", edit(h -> h.set("content-length", "+0"))),
        Arguments.of("a path with a space", edit(h -> h.path("/mirror HTTP/1.1"))),
        Arguments.of("a path with CR LF", edit(h -> h.path("/mirror\r\nx: y"))),
        Arguments.of("a path that is none", edit(h -> h.path("mirror"))),
        Arguments.of("a method with a space", edit(h -> h.method("GET / HTTP/1.1"))),
        Arguments.of("a method with CR LF", edit(h -> h.method("GET\r\nx: y"))),
        Arguments.of("another authority", edit(h -> h.authority("other.test"))),
        Arguments.of("another port", edit(h -> h.authority("api.test"))),
        Arguments.of("a user", edit(h -> h.authority("me@" + h.authority()))),
        Arguments.of("another host", edit(h -> h.add("host", "other.test"))),
        Arguments.of("another scheme", edit(h -> h.scheme("http"))),
        Arguments.of("a tunnel", edit(h -> h.method("CONNECT"))),
        Arguments.of(
            "another protocol", edit(h -> h.method("CONNECT").add(":protocol", "connect-udp"))),
        Arguments.of("too much", edit(h -> h.add("x", "y".repeat(70_000)))));
  }

  private static Consumer<Http2Headers> edit(Consumer<Http2Headers> edit) {
    return edit;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void whatIsNotClearIsRefused(String name, Consumer<Http2Headers> edit) throws Exception {
    Http2Wire wire = wire(false);
    Http2Headers headers = Http2Wire.request("GET", at, "/mirror");
    edit.accept(headers);
    Http2Wire.Stream stream = wire.open(headers, true);
    Object first = stream.next();
    if (first instanceof Http2Headers answer) {
      assertThat(answer.status().toString()).isIn("400", "403", "431");
    } else {
      assertThat(first.toString()).containsAnyOf("RESET", "CLOSED");
    }
    assertThat(server.heads()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 8})
  void aBodyOfAnotherLengthThanSaidDoesNotArrive(int length) throws Exception {
    Http2Wire wire = wire(false);
    Http2Headers request = Http2Wire.request("POST", at, "/mirror").add("content-length", "5");
    Http2Wire.Stream stream = wire.open(request, false);
    stream.data("GET / HTTP/1.1".substring(0, length), true);
    assertThat(stream.text()).startsWith("RESET");
    // At most its head has: the server never saw a whole request, nor another one in it.
    assertThat(server.heads()).isSubsetOf("POST /mirror HTTP/1.1");
  }

  @Test
  void anAnswerBeforeTheRequestIsWholeArrivesWhole() throws Exception {
    Http2Wire wire = wire(true, 1_000);
    String text = "too much ".repeat(20_000);
    server.on(
        "/much",
        () ->
            (ctx, part) -> {
              if (part instanceof HttpRequest) {
                DefaultFullHttpResponse answer =
                    new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                        Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
                ctx.writeAndFlush(answer)
                    .addListener(
                        f -> ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR)));
              }
            });
    Http2Wire.Stream stream = wire.open(Http2Wire.request("POST", at, "/much"), false);
    stream.data("hello", false);
    assertThat(stream.headers().status()).hasToString("413");
    assertThat(stream.text(text.length())).hasSameSizeAs(text);
    assertThat(stream.text()).isEqualTo("END");
  }

  @Test
  void whatIsAbandonedLeavesNothingOpen() throws Exception {
    server = lab.server("api.test");
    AtomicLong sent = new AtomicLong();
    server.on("/down", () -> Behaviours.download(1L << 30, sent::set));
    at = "api.test:" + server.port();
    Limits limits = Limits.standard().toBuilder().upstreamKeepAlive(Duration.ofMillis(100)).build();
    Egress egress =
        lab.start(
            lab.options(Lab.open("api.test", server.port()))
                .limits(limits)
                .listen(new Listen(Listen.Kind.TLS, Lab.loopback(), server.port())));
    InetSocketAddress address = (InetSocketAddress) egress.addresses().get(1);
    Http2Wire wire = lab.keep(new Http2Wire(address, "api.test", egress.certificate(), 65_535));
    Http2Wire.Stream stream = wire.open(Http2Wire.request("GET", at, "/down"), true);
    assertThat(stream.headers().status()).hasToString("200");
    stream.channel().config().setAutoRead(false);
    AtomicLong before = new AtomicLong(-1);
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(300))
        .until(() -> before.getAndSet(sent.get()) == sent.get() && sent.get() > 0);
    stream.channel().close().sync();
    // Only a connection without streams is closed after its time.
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> server.open() == 0);
  }

  @Test
  void aRefusalSaysWhy() throws Exception {
    Http2Wire wire = wire(true);
    Http2Wire.Stream stream = wire.open(Http2Wire.request("POST", "other.test", "/"), false);
    assertThat(stream.headers().status()).hasToString("403");
    assertThat(stream.text())
        .startsWith("egress: the connection is for api.test")
        .endsWith("another server\n");
    assertThat(stream.text()).isEqualTo("END");
  }
}
