package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests through the proxy, in both versions on both sides. */
class ProxyTest {
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private TestServer server(String version) throws Exception {
    return version.equals("HTTP_2") ? lab.server("api.test") : lab.oldServer("api.test");
  }

  private static HttpRequest get(String host, int port, String path) {
    return HttpRequest.newBuilder(URI.create("https://" + host + ":" + port + path)).build();
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_1_1,HTTP_2", "HTTP_2,HTTP_1_1", "HTTP_2,HTTP_2"})
  void aRequestGoesThroughWhicheverVersionsAreSpoken(Version version, String upstream)
      throws Exception {
    TestServer server = server(upstream).on("/mirror", Behaviours::mirror);
    Egress egress = lab.start(Lab.open("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + "/mirror?a=b"))
                .header("x-colour", "green")
                .POST(BodyPublishers.ofString("hello"))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.version()).isEqualTo(version);
    assertThat(answer.body())
        .startsWith("POST /mirror?a=b\n")
        .contains("x-colour: green\n")
        .contains("host: api.test:" + server.port() + "\n")
        .endsWith("\nhello");
    String spoken = upstream.equals("HTTP_2") ? "HTTP/2" : "HTTP/1.1";
    assertThat(server.heads()).containsExactly("POST /mirror?a=b " + spoken);
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_1_1,HTTP_2", "HTTP_2,HTTP_1_1", "HTTP_2,HTTP_2"})
  void theCredentialIsAddedAndNeverComesBack(Version version, String upstream) throws Exception {
    TestServer server = server(upstream).on("/mirror", Behaviours::mirror);
    Egress egress = lab.start(Lab.signed("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("https://api.test:" + server.port() + "/mirror"))
                .header("authorization", "Bearer the-agents-own")
                .header("cookie", "the-agents=own")
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .contains("authorization: Bearer ****")
        .doesNotContain(Lab.SECRET)
        .doesNotContain("own");
  }

  @Test
  void whatHasNoRouteIsDenied() throws Exception {
    Egress egress = lab.start();
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("http://other.test/")).build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).isEqualTo("egress: no route to other.test\n");
  }

  @Test
  void plainHttpGoesThroughAbsoluteUrls() throws Exception {
    TestServer server = lab.plainServer().on("/mirror", Behaviours::mirror);
    Egress egress = lab.start(Lab.open("api.test", server.port()));
    HttpClient client = lab.client(egress, Version.HTTP_1_1);
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("http://api.test:" + server.port() + "/mirror"))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.body()).startsWith("GET /mirror\n");
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1_1,HTTP_1_1", "HTTP_2,HTTP_2"})
  void connectionsAreUsedAgain(Version version, String upstream) throws Exception {
    TestServer server = server(upstream).on("/", () -> Behaviours.text(200, "yes"));
    Egress egress = lab.start(Lab.open("api.test", server.port()));
    HttpClient client = lab.client(egress, version);
    for (int i = 0; i < 5; i++) {
      assertThat(client.send(get("api.test", server.port(), "/"), BodyHandlers.ofString()).body())
          .isEqualTo("yes");
    }
    assertThat(server.connections()).isEqualTo(1);
  }
}
