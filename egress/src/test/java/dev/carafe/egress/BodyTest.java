package dev.carafe.egress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditOptions;
import dev.carafe.egress.routes.Auth;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.Secret;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said in requests and answers is looked at; whose connections are used is kept apart. */
class BodyTest {
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private static HttpRequest.Builder request(TestServer server, String path) {
    return HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + path));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  private static byte[] deflate(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
      out.write(text.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1", "HTTP_2"})
  void aSecretDoesNotLeaveInAnyPartOfARequest(Version version) throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    List<HttpRequest> requests =
        List.of(
            request(server, "/mirror/" + Lab.SECRET).build(),
            request(server, "/mirror?q=" + Lab.SECRET).build(),
            request(server, "/mirror").header("x-custom", Lab.SECRET).build(),
            request(server, "/mirror").header("authorization", Lab.SECRET).build(),
            request(server, "/mirror").header(Lab.SECRET, "1").build());
    for (HttpRequest request : requests) {
      HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).startsWith("egress: known-secret (LAB_TOKEN) found in the ");
    }
    assertThat(server.heads()).isEmpty();
    HttpRequest body =
        request(server, "/mirror").POST(BodyPublishers.ofString("x " + Lab.SECRET)).build();
    HttpResponse<String> answer = client.send(body, BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("found in the body");
    HttpRequest packed =
        request(server, "/mirror")
            .header("content-encoding", "gzip")
            .POST(BodyPublishers.ofByteArray(gzip("x " + Lab.SECRET)))
            .build();
    assertThat(client.send(packed, BodyHandlers.ofString()).statusCode()).isEqualTo(403);
  }

  @Test
  void whatMayBeRedactedGoesOnWithoutIt() throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    Auth auth = new Auth("x-api-key", "", Secret.of("LAB_TOKEN", Lab.SECRET));
    Route route =
        Lab.route("api.test", server.port(), List.of(), Optional.of(auth), OnMatch.REDACT);
    Egress egress = lab.start(route);
    HttpClient client = lab.client(egress, Version.HTTP_2);
    HttpResponse<String> answer =
        client.send(
            request(server, "/mirror?k=" + Lab.SECRET)
                .header("x-custom", "a " + Lab.SECRET + " b")
                .POST(BodyPublishers.ofString("see " + Lab.SECRET + "!"))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).doesNotContain(Lab.SECRET).contains("x-custom: a ").endsWith("!");
  }

  @Test
  void whatCannotBeRedactedDoesNotLeave() throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    Route route = Lab.route("api.test", server.port(), List.of(), Optional.empty(), OnMatch.REDACT);
    HttpClient client = lab.client(lab.start(route), Version.HTTP_2);
    // In base64, a token of a service is found, and cannot be overwritten.
    byte[] login = ("me:gh" + "p_" + "t7Rk29XzQw8LmN4vB6yH1cJ5dF3gS0aPqE2u").getBytes(UTF_8);
    HttpResponse<String> answer =
        client.send(
            request(server, "/mirror")
                .header("x-login", Base64.getEncoder().encodeToString(login))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("found in the header x-login");
    assertThat(server.heads()).isEmpty();
  }

  @Test
  void whileNothingCanBeWrittenDownNothingIsLetThrough(@TempDir Path directory) throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    Audit audit = Audit.open(AuditOptions.of(directory.resolve("audit.jsonl")));
    Egress egress = lab.start(lab.options(Lab.open("api.test", server.port())).audit(audit));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    assertThat(client.send(request(server, "/mirror").build(), BodyHandlers.ofString()).body())
        .startsWith("GET /mirror\n");
    audit.close();
    HttpResponse<String> answer =
        client.send(request(server, "/mirror").build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).startsWith("egress: the audit cannot be written");
    assertThat(server.heads()).hasSize(1);
  }

  @Test
  void answersHaveNoSecretInTheirHeaders() throws Exception {
    TestServer server =
        lab.server("api.test")
            .on(
                "/leak",
                () ->
                    Behaviours.body(
                        200,
                        new byte[] {'x'},
                        Map.of("x-echo", "it is " + Lab.SECRET + ".", "alt-svc", "h3=\":443\"")));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    HttpResponse<String> answer =
        client.send(request(server, "/leak").build(), BodyHandlers.ofString());
    assertThat(answer.headers().firstValue("x-echo").orElseThrow())
        .startsWith("it is ")
        .endsWith(".")
        .doesNotContain(Lab.SECRET);
    assertThat(answer.headers().firstValue("alt-svc")).isEmpty();
  }

  /** Answers twice, first to tell of it, and says the names in each head and in the trailer. */
  private static TestServer.Behaviour naming(String name) {
    return (ctx, part) -> {
      if (part instanceof LastHttpContent) {
        FullHttpResponse early =
            new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.EARLY_HINTS);
        early.headers().set("x-early", "1").set(name, "1");
        ctx.write(early);
        io.netty.handler.codec.http.HttpResponse response =
            new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers().set("transfer-encoding", "chunked").set("x-late", "2").set(name, "2");
        ctx.write(response);
        LastHttpContent last = new DefaultLastHttpContent();
        last.trailingHeaders().set("x-last", "3").set(name, "3");
        ctx.writeAndFlush(last);
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {Lab.SECRET, "x-" + Lab.SECRET + "-x", "SK_LAB_4F9D2C7B6A15E830"})
  void answersHaveNoSecretInTheNamesOfTheirHeaders(String name) throws Exception {
    TestServer server = lab.oldServer("api.test").on("/leak", () -> naming(name));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    String at = "api.test:" + server.port();
    try (Wire wire =
        Wire.to(Lab.address(egress))
            .connect(at)
            .tls(Lab.trusting(egress.certificate()), "api.test", "http/1.1")) {
      wire.send("GET /leak HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
      Wire.Answer early = wire.answer();
      Wire.Answer answer = wire.answer();
      assertThat(early.header("x-early")).isEqualTo("1");
      assertThat(answer.header("x-late")).isEqualTo("2");
      assertThat(answer.body()).isEqualTo("trailer x-last: 3\n");
      assertThat(early.head() + "" + answer.head()).doesNotContainIgnoringCase(name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate"})
  void aCompressedAnswerIsReadWhereTheCredentialCouldBe(String coding) throws Exception {
    String text = "word ".repeat(100_000) + Lab.SECRET + " end";
    byte[] packed = coding.equals("gzip") ? gzip(text) : deflate(text);
    TestServer server =
        lab.server("api.test")
            .on("/z", () -> Behaviours.body(200, packed, Map.of("content-encoding", coding)));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    HttpResponse<String> answer =
        client.send(
            request(server, "/z").header("accept-encoding", "gzip, br").build(),
            BodyHandlers.ofString());
    assertThat(answer.headers().firstValue("content-encoding")).isEmpty();
    assertThat(answer.body())
        .hasSize(text.length())
        .startsWith("word word ")
        .endsWith(" end")
        .doesNotContain(Lab.SECRET);
  }

  @Test
  void whatCannotBeReadThereIsNotPassedOn() throws Exception {
    TestServer server =
        lab.server("api.test")
            .on(
                "/br",
                () -> Behaviours.body(200, new byte[] {1, 2}, Map.of("content-encoding", "br")));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, Version.HTTP_2);
    HttpResponse<String> answer =
        client.send(request(server, "/br").build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).startsWith("egress: the answer's content-encoding");
    Egress open = lab.start(Lab.open("api.test", server.port()));
    HttpResponse<byte[]> untouched =
        lab.client(open, Version.HTTP_2)
            .send(request(server, "/br").build(), BodyHandlers.ofByteArray());
    assertThat(untouched.body()).containsExactly(1, 2);
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1", "HTTP_2"})
  void anAnswerIsAskedForWholeWhereTheCredentialCouldBe(Version version) throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    HttpRequest piece =
        request(server, "/mirror").header("range", "bytes=0-9").header("if-range", "\"a\"").build();
    Egress signed = lab.start(Lab.signed("api.test", server.port()));
    assertThat(lab.client(signed, version).send(piece, BodyHandlers.ofString()).body())
        .startsWith("GET /mirror\n")
        .doesNotContain("range");
    Egress open = lab.start(Lab.open("api.test", server.port()));
    assertThat(lab.client(open, version).send(piece, BodyHandlers.ofString()).body())
        .contains("range: bytes=0-9\n");
  }

  @Test
  void aDamagedAnswerEndsBeforeItIsWhole() throws Exception {
    byte[] packed = gzip("word ".repeat(100_000));
    byte[] cut = java.util.Arrays.copyOf(packed, packed.length / 2);
    TestServer server =
        lab.server("api.test")
            .on("/z", () -> Behaviours.body(200, cut, Map.of("content-encoding", "gzip")));
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    assertThatThrownBy(() -> client.send(request(server, "/z").build(), BodyHandlers.ofString()))
        .isInstanceOf(IOException.class);
  }

  @Test
  void anotherCredentialMeansAnotherConnection() throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    RouteTable table = RouteTable.of(Routes.of(List.of(Lab.signed("api.test", server.port()))));
    Egress egress = lab.start(lab.options().routes(table));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    client.send(request(server, "/mirror").build(), BodyHandlers.ofString());
    client.send(request(server, "/mirror").build(), BodyHandlers.ofString());
    assertThat(server.connections()).isEqualTo(1);
    table.set(Routes.of(List.of(Lab.signed("api.test", server.port()))));
    client.send(request(server, "/mirror").build(), BodyHandlers.ofString());
    assertThat(server.connections()).isEqualTo(2);
    table.set(Routes.none());
    HttpResponse<String> denied =
        client.send(request(server, "/mirror").build(), BodyHandlers.ofString());
    assertThat(denied.statusCode()).isEqualTo(403);
  }

  @Test
  void aCredentialOfBeforeIsStillMaskedAndLookedFor() throws Exception {
    TestServer server =
        lab.server("api.test")
            .on("/leak", () -> Behaviours.text(200, "it was " + Lab.SECRET + "."))
            .on("/mirror", Behaviours::mirror);
    RouteTable table = RouteTable.of(Routes.of(List.of(Lab.signed("api.test", server.port()))));
    Egress egress = lab.start(lab.options().routes(table));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    Auth other = new Auth("authorization", "Bearer ", Secret.of("OTHER", "qz-0a8e5c1f7b3d9264"));
    table.set(
        Routes.of(
            List.of(
                Lab.route(
                    "api.test", server.port(), List.of(), Optional.of(other), OnMatch.BLOCK))));
    HttpResponse<String> leak =
        client.send(request(server, "/leak").build(), BodyHandlers.ofString());
    assertThat(leak.body()).startsWith("it was *").endsWith("*.").doesNotContain(Lab.SECRET);
    HttpResponse<String> theft =
        client.send(
            request(server, "/mirror").header("x-custom", Lab.SECRET).build(),
            BodyHandlers.ofString());
    assertThat(theft.statusCode()).isEqualTo(403);
    assertThat(theft.body()).contains("known-secret (LAB_TOKEN)");
  }

  @Test
  void theAuditKnowsWhatBecameOfEach(@TempDir Path directory) throws Exception {
    TestServer server = lab.server("api.test").on("/mirror", Behaviours::mirror);
    Path file = directory.resolve("audit.jsonl");
    try (Audit audit = Audit.open(AuditOptions.of(file))) {
      Egress egress = lab.start(lab.options(Lab.signed("api.test", server.port())).audit(audit));
      HttpClient client = lab.client(egress, Version.HTTP_1_1);
      client.send(request(server, "/mirror?a=b").build(), BodyHandlers.ofString());
      client.send(request(server, "/mirror?k=" + Lab.SECRET).build(), BodyHandlers.ofString());
      client.send(
          HttpRequest.newBuilder(URI.create("http://other.test/")).build(),
          BodyHandlers.ofString());
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).filteredOn(line -> line.contains("\"allowed\"")).hasSize(1);
    assertThat(lines).filteredOn(line -> line.contains("\"blocked\"")).hasSize(2);
    assertThat(String.join("\n", lines))
        .contains("api.test", "other.test", "/mirror?a=b")
        .doesNotContain(Lab.SECRET);
  }

  @Test
  void noTextOfALineHasASecretWhateverTheRequest(@TempDir Path directory) throws Exception {
    TestServer server = lab.plainServer().on("/mirror", Behaviours::mirror);
    String at = "api.test:" + server.port();
    String below = Lab.SECRET + ".wild.test:" + server.port();
    List<String> requests =
        List.of(
            // As a method, of a request and of what does not become one.
            Lab.SECRET + " http://" + at + "/ HTTP/1.1\r\nHost: " + at + "\r\n\r\n",
            Lab.SECRET + " http://" + at + "/ HTTP/1.1\r\n\r\n",
            // In a name that has no route, in one that has, and in the reason.
            "GET http://" + Lab.SECRET + ".test/ HTTP/1.1\r\nHost: " + Lab.SECRET + ".test\r\n\r\n",
            "CONNECT " + Lab.SECRET + ".test:443 HTTP/1.1\r\n\r\n",
            "GET http://" + below + "/ HTTP/1.1\r\nHost: " + below + "\r\n\r\n",
            // In a path, alone and behind a wrong escape.
            "GET http://" + at + "/" + Lab.SECRET + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n",
            "GET http://" + at + "/%zz" + Lab.SECRET + " HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
    Path file = directory.resolve("audit.jsonl");
    Route wild = Lab.open("*.wild.test", server.port());
    try (Audit audit = Audit.open(AuditOptions.of(file))) {
      Egress egress =
          lab.start(lab.options(Lab.signed("api.test", server.port()), wild).audit(audit));
      for (String request : requests) {
        try (Wire wire = Wire.to(Lab.address(egress)).send(request)) {
          assertThat(wire.answer().status()).isBetween(400, 403);
        }
      }
      try (Wire wire = Wire.to(Lab.address(egress)).connect(below)) {
        wire.send("GET / HTTP/1.1\r\nHost: " + at + "\r\n\r\n");
        assertThat(wire.answer().body()).contains("another server");
      }
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines)
        .filteredOn(line -> line.contains("\"blocked\""))
        .hasSize(requests.size() + 1)
        .allMatch(line -> line.contains("***"));
    assertThat(String.join("\n", lines)).doesNotContainIgnoringCase(Lab.SECRET);
  }
}
