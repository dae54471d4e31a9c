package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that two readers could understand differently never reach a server. */
class SmugglingTest {
  private Lab lab;
  private TestServer server;
  private Egress egress;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
    server = lab.plainServer().on("/", Behaviours::mirror);
    egress = lab.start(Lab.open("api.test", server.port()));
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  /** Requests that name no server, or two, or none clearly. */
  static Stream<Arguments> forNobody() {
    String get = "GET http://api.test:PORT/ HTTP/1.1\r\nHost: api.test:PORT\r\n";
    return Stream.of(
        Arguments.of("no Host", "GET http://api.test:PORT/ HTTP/1.1\r\n\r\n"),
        Arguments.of("two Hosts", get + "Host: api.test:PORT\r\n\r\n"),
        Arguments.of("a user in the URL", get.replace("http://", "http://me@") + "\r\n"),
        Arguments.of("a fragment in the URL", get.replace("PORT/ ", "PORT/#x ") + "\r\n"),
        Arguments.of("a path only", get.replace("http://api.test:PORT", "") + "\r\n"));
  }

  /** Requests that are no HTTP, whoever they are for. */
  public static Stream<Arguments> unclear() {
    String line = "POST http://api.test:PORT/ HTTP/1.1\r\nHost: api.test:PORT\r\n";
    String get = "GET http://api.test:PORT/ HTTP/1.1\r\nHost: api.test:PORT\r\n";
    String many = "x: y\r\n".repeat(300);
    String chunked = line + "Transfer-Encoding: chunked\r\n\r\n";
    return Stream.of(
        Arguments.of("two lengths", line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        Arguments.of(
            "one length twice", line + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        Arguments.of("a list of lengths", line + "Content-Length: 5, 5\r\n\r\nhello"),
        Arguments.of("a signed length", line + "Content-Length: +5\r\n\r\nhello"),
        Arguments.of("a negative length", line + "Content-Length: -5\r\n\r\nhello"),
        Arguments.of("a length in hexadecimal", line + "Content-Length: 0x5\r\n\r\nhello"),
        Arguments.of(
            "a length that overflows", line + "Content-Length: 99999999999999999999\r\n\r\n"),
        Arguments.of("an empty length", line + "Content-Length:\r\n\r\nhello"),
        Arguments.of(
            "length and chunks",
            line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Arguments.of(
            "chunks and length",
            line + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        Arguments.of("another coding", line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Arguments.of("chunks twice", line + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        Arguments.of("a hidden coding", line + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        Arguments.of("a quoted coding", line + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        Arguments.of(
            "a coding behind VT", line + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n"),
        Arguments.of(
            "two codings",
            line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
        Arguments.of(
            "chunks in HTTP/1.0",
            line.replace("HTTP/1.1", "HTTP/1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Arguments.of("a space before the colon", line + "Content-Length : 5\r\n\r\nhello"),
        Arguments.of("a name with a space", get + "x y: z\r\n\r\n"),
        Arguments.of("a name with NUL", get + "x\0: z\r\n\r\n"),
        Arguments.of("a value with NUL", get + "x: a\0b\r\n\r\n"),
        Arguments.of("a value with CR", get + "x: a\rb\r\n\r\n"),
        Arguments.of("a line that ends with LF", get + "x: a\ny: b\r\n\r\n"),
        Arguments.of("a head that ends with LF", get + "\n"),
        Arguments.of("a folded header", get + "x: a\r\n b\r\n\r\n"),
        Arguments.of("a folded first header", get.replace("Host", " Host") + "\r\n"),
        Arguments.of("no colon", get + "nothing\r\n\r\n"),
        Arguments.of("no name", get + ": x\r\n\r\n"),
        Arguments.of("a name in brackets", get + "x(y): z\r\n\r\n"),
        Arguments.of("a tabulator in the request line", get.replace("GET ", "GET\t") + "\r\n"),
        Arguments.of("two spaces in the request line", get.replace("GET ", "GET  ") + "\r\n"),
        Arguments.of("no version", "GET http://api.test:PORT/\r\n\r\n"),
        Arguments.of("another version", get.replace("HTTP/1.1", "HTTP/1.2") + "\r\n"),
        Arguments.of("the version in lower case", get.replace("HTTP/1.1", "http/1.1") + "\r\n"),
        Arguments.of("HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Arguments.of("a method in brackets", get.replace("GET", "G(T") + "\r\n"),
        Arguments.of("two empty lines before", "\r\n\r\n" + get + "\r\n"),
        Arguments.of("a space before all", " " + get + "\r\n"),
        Arguments.of("too many headers", get + many + "\r\n"),
        Arguments.of("too long a header", get + "x: " + "y".repeat(70_000) + "\r\n\r\n"),
        Arguments.of(
            "too long a path", get.replace("PORT/ ", "PORT/" + "y".repeat(20_000) + " ") + "\r\n"),
        Arguments.of("a chunk that is no number", chunked + "xyz\r\nhello\r\n0\r\n\r\n"),
        Arguments.of("a signed chunk", chunked + "+5\r\nhello\r\n0\r\n\r\n"),
        Arguments.of("a chunk in 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n"),
        Arguments.of("a space behind the chunk's length", chunked + "5 \r\nhello\r\n0\r\n\r\n"),
        Arguments.of("a chunk longer than said", chunked + "3\r\nhello\r\n0\r\n\r\n"),
        Arguments.of("a chunk's line that ends with LF", chunked + "5\nhello\r\n0\r\n\r\n"),
        Arguments.of("a chunk's extension with LF", chunked + "5;\nhello\r\n0\r\n\r\n"),
        Arguments.of("a chunk's end with LF", chunked + "5\r\nhello\n0\r\n\r\n"),
        Arguments.of("a chunk whose length overflows", chunked + "fffffffffffffffff\r\nhello"),
        Arguments.of(
            "a long chunk extension", chunked + "5;" + "x".repeat(9_000) + "\r\nhello\r\n"),
        Arguments.of("a folded trailer", chunked + "0\r\nx: a\r\n b\r\n\r\n"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"unclear", "forNobody"})
  void isAnswered400(String name, String request) throws Exception {
    String text = request.replace("PORT", Integer.toString(server.port()));
    try (Wire wire = Wire.to(Lab.address(egress)).send(text)) {
      Wire.Answer answer = wire.answer();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).startsWith("egress: ");
      assertThat(answer.header("content-type")).startsWith("text/plain");
    }
    // A head may have gone on before its body was seen to be wrong; no whole request has.
    assertThat(server.heads()).allMatch(head -> head.equals("POST / HTTP/1.1"));
  }

  @Test
  void whatFollowsARefusalIsNotRead() throws Exception {
    String at = "api.test:" + server.port();
    String hidden = "GET http://" + at + "/hidden HTTP/1.1\r\nHost: " + at + "\r\n\r\n";
    try (Wire wire =
        Wire.to(Lab.address(egress))
            .send("POST http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n")
            .send("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + hidden)) {
      assertThat(wire.answer().status()).isEqualTo(400);
      wire.half();
      assertThat(wire.rest()).isEmpty();
    }
    assertThat(server.heads()).isEmpty();
  }

  @Test
  void chunkExtensionsAreDropped() throws Exception {
    String at = "api.test:" + server.port();
    try (Wire wire =
        Wire.to(Lab.address(egress))
            .send("POST http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n")
            .send("Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n")) {
      assertThat(wire.answer().body()).endsWith("\nhello");
    }
  }

  @Test
  void oneEmptyLineBeforeARequestIsAnOldHabit() throws Exception {
    String at = "api.test:" + server.port();
    try (Wire wire =
        Wire.to(Lab.address(egress))
            .send("\r\nGET http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n\r\n")) {
      assertThat(wire.answer().status()).isEqualTo(200);
    }
  }

  @Test
  void headersOfTheConnectionDoNotGoOn() throws Exception {
    String at = "api.test:" + server.port();
    try (Wire wire =
        Wire.to(Lab.address(egress))
            .send("GET http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n")
            .send("Connection: keep-alive, x-mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n")
            .send("Proxy-Authorization: Basic eDp5\r\nTE: gzip\r\nUpgrade: h2c\r\n\r\n")) {
      assertThat(wire.answer().body())
          .doesNotContain("x-mine", "keep-alive", "proxy-", "te:", "upgrade");
    }
  }
}
