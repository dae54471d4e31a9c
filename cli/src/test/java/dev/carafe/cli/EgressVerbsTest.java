package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.cli.Caller.Outcome;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EgressVerbsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String GOOD =
      """
      version: 1
      routes:
        - host: api.example.com
          auth: {scheme: bearer, token: {env: API_TOKEN}}
          matches:
            - {method: GET, path: {type: PathPrefix, value: /v1}}
        - {host: '*.cdn.example.com', tls: pass}
      """;
  private static final String BAD = "version: 1\nroutes:\n  - hots: a.example\n  - host: '*'\n";

  @TempDir Path directory;
  private Path routes;
  private final Caller caller = Caller.carafe();

  @BeforeEach
  void nameTheFile() throws IOException {
    routes = directory.resolve("routes.yaml");
    caller.env.put("API_TOKEN", "the-token-of-this-test");
    Files.writeString(routes, GOOD);
  }

  private void replace(String content) throws IOException {
    Path beside = Files.writeString(directory.resolve("beside"), content);
    Files.move(beside, routes, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void checkShowsWhatIsAllowedAndNoSecret() {
    assertThat(caller.call("egress", "check", "--routes", routes.toString()))
        .isEqualTo(
            new Outcome(
                0,
                """
                HOST               PORT     REQUESTS  OUTBOUND  INBOUND  GIT  TLS        CREDENTIAL
                api.example.com    443, 80  1 match   block     off      no   intercept  authorization: Bearer <the environment variable API_TOKEN>
                *.cdn.example.com  443, 80  all       off       off      no   pass       none
                2 routes; everything else is refused.
                """,
                ""));
    Outcome json = caller.call("egress", "check", "--json", "--routes", routes.toString());
    assertThat(json.out())
        .contains("\"valid\" : true", "\"secret\" : \"the environment variable API_TOKEN\"")
        .doesNotContain("the-token-of-this-test");
  }

  @Test
  void checkNamesEveryMistakeWithItsPlace() throws Exception {
    replace(BAD);
    assertThat(caller.call("egress", "check", "--routes", routes.toString()))
        .isEqualTo(
            new Outcome(
                1,
                "",
                """
                FILE:3:5: 'hots' is not a key here; did you mean 'host'?
                FILE:3:5: each of 'routes' lacks 'host'
                FILE:4:11: '*' would allow every host; name the hosts that are meant
                Error: FILE cannot be used: 3 mistakes
                """
                    .replace("FILE", routes.toString())));
    assertThat(caller.call("egress", "check", "--json", "--routes", routes.toString()).out())
        .contains("\"valid\" : false", "\"line\" : 3", "\"column\" : 5");
  }

  @Test
  void aFileThatIsNotThereHasNoLines() throws Exception {
    Files.delete(routes);
    assertThat(caller.call("egress", "check", "--routes", routes.toString()).err())
        .startsWith(routes + ": there is no such file\n");
  }

  @Test
  void checkNamesASecretThatIsMissingUnlessItIsNotToLook() {
    caller.env.remove("API_TOKEN");
    assertThat(caller.call("egress", "check", "--routes", routes.toString()).err())
        .contains(":4:35: the environment variable API_TOKEN is not set");
    assertThat(
            caller
                .call("egress", "check", "--no-secrets", "--routes", routes.toString())
                .exitCode())
        .isZero();
  }

  @Test
  void theSchemaIsTheOneInTheDocuments() throws Exception {
    assertThat(caller.call("egress", "schema").out())
        .isEqualTo(Files.readString(Path.of("../docs/routes.schema.json")));
  }

  private CompletableFuture<Outcome> serve(String... more) {
    String[] words = {"egress", "serve", "--routes", routes.toString(), "--listen", "127.0.0.1:0"};
    String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return caller.start(all);
  }

  private String said(String pattern) {
    Pattern wanted = Pattern.compile(pattern);
    await()
        .atMost(PATIENCE)
        .until(() -> wanted.matcher(caller.out.toString(StandardCharsets.UTF_8)).find());
    Matcher found = wanted.matcher(caller.out.toString(StandardCharsets.UTF_8));
    assertThat(found.find()).isTrue();
    return found.group(1);
  }

  private void warned(String text) {
    await()
        .atMost(PATIENCE)
        .until(() -> caller.err.toString(StandardCharsets.UTF_8).contains(text));
  }

  private Outcome ended(CompletableFuture<Outcome> running) throws Exception {
    await().atMost(PATIENCE).until(() -> caller.signals.handles(Signals.TERMINATE));
    caller.signals.raise(Signals.TERMINATE).join();
    return running.get();
  }

  private static HttpResponse<String> get(HttpClient client, String uri) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void serveRefusesWhatHasNoRouteKeepsAnAuditAndEndsOnSigterm() throws Exception {
    Path audit = directory.resolve("audit.jsonl");
    Path ca = directory.resolve("ca.pem");
    CompletableFuture<Outcome> running =
        serve("--audit", audit.toString(), "--ca-out", ca.toString(), "--metrics", "127.0.0.1:0");
    int port = Integer.parseInt(said("Listening \\(proxy\\): 127.0.0.1:([0-9]+)"));
    String metrics = said("Metrics: (.*)\n");
    try (HttpClient client =
            HttpClient.newBuilder()
                .proxy(ProxySelector.of(new InetSocketAddress("127.0.0.1", port)))
                .build();
        HttpClient direct = HttpClient.newHttpClient()) {
      HttpResponse<String> refused = get(client, "http://other.example/");
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body()).startsWith("egress: ");
      assertThat(get(direct, metrics).body()).contains("carafe_egress_routes 2.0");
    }
    assertThat(Files.readString(ca)).startsWith("-----BEGIN CERTIFICATE-----");
    assertThat(ended(running).exitCode()).isZero();
    assertThat(Files.readString(audit))
        .contains("\"kind\":\"policy\",\"reason\":\"loaded\"")
        .contains("\"kind\":\"blocked\"", "\"host\":\"other.example\"", "\"kind\":\"closed\"")
        .doesNotContain("the-token-of-this-test");
    Outcome verified = caller.call("audit", "verify", audit.toString());
    assertThat(verified.exitCode()).isZero();
    assertThat(verified.out()).contains(" lines, and the chain is whole\nlast: ");
  }

  /** A directory in which others write is not rare: /tmp. */
  @Test
  void theCertificateIsNotWrittenThroughALinkThatSomebodyPutThere() throws Exception {
    Path precious = Files.writeString(directory.resolve("precious"), "mine");
    Path ca = directory.resolve("ca.pem");
    Files.createSymbolicLink(directory.resolve("ca.pem.new"), precious);
    Files.createSymbolicLink(ca, precious);
    CompletableFuture<Outcome> running = serve("--ca-out", ca.toString());
    said("(Listening)");
    ended(running);
    assertThat(precious).hasContent("mine");
    assertThat(ca).isRegularFile().content().startsWith("-----BEGIN CERTIFICATE-----");
  }

  @Test
  void serveDoesNotStartWithABadFileUnlessItIsTold() throws Exception {
    replace(BAD);
    Outcome outcome = caller.call("egress", "serve", "--routes", routes.toString());
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    // Not that every request is refused: there is nobody who would.
    assertThat(outcome.err())
        .startsWith(routes + ":3:5: 'hots'")
        .contains("Error: nothing was started")
        .doesNotContain("EVERY REQUEST", "audit");
    CompletableFuture<Outcome> running = serve("--deny-all-on-error", "--json");
    said("\"routes\" : (0)");
    replace(GOOD);
    warned("2 routes are in force");
    assertThat(ended(running).exitCode()).isZero();
  }

  /** Who reads that it listens may end it at once, and the audit is closed all the same. */
  @Test
  void signalsAreWaitedForBeforeItSaysThatItListens() throws Exception {
    CompletableFuture<Boolean> handled = new CompletableFuture<>();
    caller.output =
        new FilterOutputStream(caller.out) {
          @Override
          public void flush() throws IOException {
            handled.complete(
                caller.signals.handles(Signals.INTERRUPT)
                    && caller.signals.handles(Signals.TERMINATE));
            super.flush();
          }
        };
    CompletableFuture<Outcome> running = serve();
    assertThat(handled.get()).isTrue();
    assertThat(ended(running).exitCode()).isZero();
  }

  @Test
  void onSighupTheFileIsReadAgainAndABadOneChangesNothing() throws Exception {
    Path audit = directory.resolve("audit.jsonl");
    CompletableFuture<Outcome> running = serve("--audit", audit.toString());
    said("(Listening)");
    await().atMost(PATIENCE).until(() -> caller.signals.handles(Signals.HANGUP));
    replace(BAD);
    caller.signals.raise(Signals.HANGUP).join();
    warned("the routes of before stay in force");
    assertThat(ended(running).exitCode()).isZero();
    assertThat(Files.readString(audit)).contains("\"reason\":\"kept\"", "did you mean 'host'?");
  }

  @Test
  void anAuditThatIsTakenOrAPortThatIsTakenIsSaid() throws Exception {
    Path audit = directory.resolve("audit.jsonl");
    CompletableFuture<Outcome> running = serve("--audit", audit.toString());
    String taken = said("Listening \\(proxy\\): (.*)\n");
    Caller other = Caller.carafe();
    other.env.putAll(caller.env);
    String file = routes.toString();
    assertThat(other.call("egress", "serve", "--routes", file, "--audit", audit.toString()).err())
        .contains("is being written by another process");
    Outcome port = other.call("egress", "serve", "--routes", file, "--listen", taken);
    assertThat(port.exitCode()).isEqualTo(1);
    assertThat(port.err())
        .contains(
            "Error: the proxy cannot be started: egress cannot listen on "
                + taken
                + ": Address already in use\n");
    ended(running);
  }

  @Test
  void aChangedAuditIsExitCode1WithItsLine() throws Exception {
    Path audit = directory.resolve("audit.jsonl");
    ended(serve("--audit", audit.toString()));
    String last =
        caller
            .call("audit", "verify", audit.toString())
            .out()
            .replaceFirst("(?s).*last: ", "")
            .strip();
    assertThat(caller.call("audit", "verify", "--expect", last, audit.toString()).exitCode())
        .isZero();
    Files.writeString(audit, Files.readString(audit).replace("\"level\":2", "\"level\":0"));
    Outcome outcome = caller.call("audit", "verify", audit.toString());
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).startsWith(audit + ":2: this line, or what the next one says of it");
    assertThat(outcome.err()).isEqualTo("Error: the audit is not as it was written: 1 place\n");
    assertThat(caller.call("audit", "verify", "--json", audit.toString()).out())
        .contains("\"whole\" : false", "\"line\" : 2");
    assertThat(caller.call("audit", "verify", routes.toString()))
        .isEqualTo(
            new Outcome(1, "", "Error: " + routes + ": this is no audit; not one line is one's\n"));
    assertThat(caller.call("audit", "verify", directory.resolve("none").toString()).err())
        .isEqualTo("Error: there is no file " + directory.resolve("none") + "\n");
  }
}
