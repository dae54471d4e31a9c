package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesFileTest {
  @TempDir Path directory;

  @Test
  void aRouteThatSaysOnlyItsHostIsAsClosedAsItCanBe() throws Exception {
    Route route = RoutesFixture.of("host: api.example.com").all().getFirst();
    assertThat(route.host().text()).isEqualTo("api.example.com");
    assertThat(route.port()).isZero();
    assertThat(route.matches()).isEmpty();
    assertThat(route.auth()).isEmpty();
    assertThat(route.outbound()).isEqualTo(OnMatch.BLOCK);
    assertThat(route.inbound().onMatch()).isEqualTo(OnMatch.OFF);
    assertThat(route.git()).isFalse();
    assertThat(route.passThrough()).isFalse();
    assertThat(route.entropy()).isFalse();
    assertThat(route.cleartext()).isFalse();
    assertThat(route.line()).isEqualTo(3);
  }

  @Test
  void everyKeyIsRead() throws Exception {
    Routes routes =
        RoutesFixture.routes(
            """
            version: 1
            allow: [10.1.0.0/16, '::1']
            routes:
              - host: api.example.com
                port: 8443
                matches:
                  - path: {type: PathPrefix, value: /v1}
                    method: GET
                    headers: [{name: X-Mode, value: safe}]
                auth: {scheme: bearer, cleartext: true, token: {env: TOKEN}}
                git: fetch
                dlp: {outbound: redact, inbound: block, entropy: true}
                tls: intercept
              - {host: '*.cdn.example.com', tls: pass}
            """);
    Route route = routes.all().getFirst();
    assertThat(route.port()).isEqualTo(8443);
    assertThat(route.matches()).hasSize(1);
    assertThat(route.auth().orElseThrow().value()).isEqualTo("Bearer " + RoutesFixture.TOKEN);
    assertThat(route.git()).isTrue();
    assertThat(route.outbound()).isEqualTo(OnMatch.REDACT);
    assertThat(route.inbound().onMatch()).isEqualTo(OnMatch.BLOCK);
    assertThat(route.entropy()).isTrue();
    assertThat(route.cleartext()).isTrue();
    assertThat(routes.all().get(1).passThrough()).isTrue();
    assertThat(routes.allow()).hasToString("[10.1.0.0/16, 0:0:0:0:0:0:0:1/128]");
    assertThat(routes.digest()).hasSize(64);
    assertThat(routes.toString() + routes.all()).doesNotContain(RoutesFixture.TOKEN);
  }

  @Test
  void routesOnOneLineKeepTheirOwnCredentials() throws Exception {
    Routes routes =
        RoutesFixture.routes(
            "{version: 1, routes: [{host: a.example, auth: {scheme: token, token: {env: TOKEN}}},"
                + " {host: b.example}, {host: c.example, auth: {header: X-Key, token: {env: TOKEN}}}]}");
    assertThat(routes.all().get(0).auth().orElseThrow().value()).startsWith("token ");
    assertThat(routes.all().get(1).auth()).isEmpty();
    assertThat(routes.all().get(2).auth().orElseThrow().header()).isEqualTo("x-key");
    assertThat(routes.secrets()).hasSize(1);
  }

  @Test
  void aBasicCredentialsPasswordIsASecretToo() throws Exception {
    Routes routes =
        RoutesFixture.of("{host: a.example, auth: {scheme: basic, token: {env: LOGIN}}}");
    assertThat(routes.all().getFirst().auth().orElseThrow().value())
        .isEqualTo("Basic bWU6YS1wYXNzd29yZC1mb3ItdGVzdHM=");
    assertThat(routes.secrets().stream().map(s -> new String(s.bytes(), StandardCharsets.UTF_8)))
        .containsExactly("me:a-password-for-tests", "a-password-for-tests");
    routes.clear();
    Secret first = routes.secrets().iterator().next();
    assertThatThrownBy(first::bytes).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void severalMistakesAreSaidAtOnce() {
    assertThat(
            RoutesFixture.problems(
                """
                version: 2
                rotues: []
                routes:
                  - host: '*.com'
                    prot: 80
                  - host: b.example
                    matches:
                      - method: get
                        path: {type: Prefix, value: /x}
                      - path: {type: Exact, value: x}
                  - auth: {token: {env: TOKEN}}
                """))
        .containsExactly(
            "1:10: 'version' must be 1",
            "2:1: 'rotues' is not a key here; did you mean 'routes'?",
            "4:11: '*.com' would allow a whole top-level domain; name one with two labels at least",
            "5:5: 'prot' is not a key here; did you mean 'port'?",
            "8:17: methods are written in capital letters; did you mean 'GET'?",
            "9:22: 'type' must be 'Exact', 'PathPrefix' or 'RegularExpression'",
            "10:36: a path starts with '/'",
            "11:5: each of 'routes' lacks 'host'",
            "11:11: 'auth' must have one of 'scheme' and 'header'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "token: ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "token: hunter2hunter2",
        "token: {env: ghp_16C7e42F292c6912E7710c838347Ae178B4a}",
        "token: {env: sk-proj-apiabcdefghijklmnopqrstu}",
        "token: {file: ./ghp_16C7e42F292c6912E7710c838347Ae178B4a}",
        "token: {command: [echo, ghp_16C7e42F292c6912E7710c838347Ae178B4a]}",
        "token: {keyring: {secret: ghp_16C7e42F292c6912E7710c838347Ae178B4a}}",
        "token: {ghp_16C7e42F292c6912E7710c838347Ae178B4a: }",
        "token: [ghp_16C7e42F292c6912E7710c838347Ae178B4a]",
      })
  void aSecretWrittenIntoTheFileIsRefusedAndNotRepeated(String token) {
    List<String> problems =
        RoutesFixture.problems(
            RoutesFixture.file("{host: a.example, auth: {scheme: bearer, " + token + "}}"));
    assertThat(problems).isNotEmpty();
    assertThat(String.join("\n", problems))
        .doesNotContain("16C7e")
        .doesNotContain("apiabc")
        .doesNotContain("hunter2");
  }

  @Test
  void theSentenceForASecretInTheFileSaysWhatToDo() {
    assertThat(
            RoutesFixture.problems(
                RoutesFixture.file(
                    "{host: a.example, auth: {scheme: bearer, token: hunter2hunter2}}")))
        .containsExactly("3:53: " + RoutesShape.NO_LITERAL);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{host: a.example, tls: pass, auth: {scheme: bearer, token: {env: TOKEN}}} | 'auth' cannot be with 'tls: pass'",
        "{host: a.example, tls: pass, matches: [{method: GET}]} | 'matches' cannot be with 'tls: pass'",
        "{host: a.example, tls: pass, dlp: {outbound: redact}} | 'dlp' cannot be with 'tls: pass'",
        "{host: a.example, tls: pass, git: fetch} | 'git' cannot be with 'tls: pass'",
        "{host: a.example, port: 0} | 'port' must be a whole number from 1 to 65535",
        "{host: a.example, port: 70000} | 'port' must be a whole number from 1 to 65535",
        "{host: a.example, git: push} | 'git' must be 'fetch'",
        "{host: a.example, matches: []} | 'matches' must have at least 1",
        "{host: a.example, matches: [{}]} | leave 'matches' out",
        "{host: a.example, matches: [{method: CONNECT}]} | CONNECT only opens the way",
        "{host: a.example, matches: [{method: 'G T'}]} | no method such as GET",
        "{host: a.example, matches: [{path: {type: Exact, value: /a?b}}]} | queries are not matched",
        "{host: a.example, matches: [{path: {type: Exact, value: /a//b}}]} | could never match",
        "{host: a.example, matches: [{path: {type: Exact, value: /a/../b}}]} | could never match",
        "{host: a.example, matches: [{path: {type: Exact, value: /a/%2e%2E/b}}]} | could never match",
        "{host: a.example, matches: [{path: {type: Exact, value: /a%2fb}}]} | could never match",
        "{host: a.example, matches: [{path: {type: Exact, value: /a%zz}}]} | two hexadecimal digits",
        "{host: a.example, matches: [{path: {type: Exact, value: /a*}}]} | '*' has no meaning in a path",
        "{host: a.example, matches: [{path: {type: Exact, value: /ü}}]} | percent and two digits",
        "{host: a.example, matches: [{path: {type: RegularExpression, value: '(a'}}]} | no expression of RE2",
        "{host: a.example, matches: [{path: {type: RegularExpression, value: '(a)\\1'}}]} | no expression of RE2",
        "{host: a.example, matches: [{path: {type: RegularExpression, value: '(?=a)'}}]} | no expression of RE2",
        "{host: a.example, matches: [{headers: [{name: 'a b', value: x}]}]} | no name of a header",
        "{host: a.example, matches: [{headers: [{name: Host, value: x}]}]} | belongs to the connection",
        "{host: a.example, matches: [{headers: [{name: Cookie, value: x}]}]} | not forwarded",
        "{host: a.example, auth: {scheme: bearer, header: X, token: {env: TOKEN}}} | only one of 'scheme' and 'header'",
        "{host: a.example, auth: {header: Content-Length, token: {env: TOKEN}}} | belongs to the connection",
        "{host: a.example, auth: {scheme: Beaer, token: {env: TOKEN}}} | did you mean 'bearer'?",
        "{host: a.example, auth: {scheme: bearer}} | 'auth' lacks 'token'",
        "{host: a.example, auth: {scheme: bearer, token: {env: A, field: a}}} | 'field' says what of a JSON file is meant, and needs 'file' beside it",
        "{host: a.example, auth: {scheme: bearer, token: {file: a, field: a..b}}} | 'field' must be keys with dots between them",
        "{host: a.example, auth: {scheme: bearer, token: {file: a, field: ghp_16C7e42F292c6912E7710c838347Ae178B4a}}} | 'field' must be the name of a field",
        "{host: a.example, auth: {scheme: bearer, token: {file: a, env: B, field: a}}} | must have only one of",
        "{host: a.example, auth: {scheme: bearer, token: {env: A, file: b}}} | must have only one of",
        "{host: a.example, auth: {scheme: bearer, token: {}}} | must have one of",
        "{host: a.example, auth: {scheme: bearer, token: {env: MISSING}}} | the environment variable MISSING is not set",
        "{host: a.example, auth: {scheme: basic, token: {env: TOKEN}}} | must be user:password",
        "{host: a.example, auth: {scheme: bearer, token: {command: ['pass show x']}}} | no shell reads the command",
        "{host: a.example, auth: {scheme: bearer, token: {keyring: {service: '-x'}}}} | cannot be an attribute",
      })
  void whatMakesNoSenseIsRefused(String route, String reason) {
    assertThat(RoutesFixture.problems(RoutesFixture.file(route)))
        .singleElement()
        .asString()
        .contains(reason)
        .doesNotContain(RoutesFixture.TOKEN);
  }

  @Test
  void theSameRouteTwiceIsRefused() {
    assertThat(RoutesFixture.problems(RoutesFixture.file("host: a.example", "host: A.example")))
        .containsExactly(
            "4:11: the route to a.example is here a second time; put both into one, see line 3");
    assertThat(
            RoutesFixture.problems(
                RoutesFixture.file("host: '*.a.example'", "{host: '*.a.example', port: 443}")))
        .singleElement()
        .asString()
        .contains("a second time");
    assertThat(
            RoutesFixture.problems(
                RoutesFixture.file("host: a.example", "{host: a.example, port: 8443}")))
        .isEmpty();
  }

  @Test
  void secretsAreNotFetchedForAFileThatIsWrongOtherwise() throws Exception {
    Path trace = directory.resolve("was-run");
    String text =
        RoutesFixture.file(
            "{host: a.example, auth: {scheme: bearer, token: {command: [touch, " + trace + "]}}}",
            "host: '*'");
    assertThat(RoutesFixture.problems(text)).hasSize(1);
    assertThat(trace).doesNotExist();
  }

  @Test
  void pathsAreRelativeToTheFileOrToHome() throws Exception {
    Path file = directory.resolve("routes.yaml");
    Files.writeString(directory.resolve("one"), "secret-number-one\n");
    Files.createDirectory(directory.resolve("home"));
    Files.writeString(directory.resolve("home/two"), "secret-number-two\n");
    Files.writeString(
        file,
        RoutesFixture.file(
            "{host: a.example, auth: {scheme: bearer, token: {file: one}}}",
            "{host: b.example, auth: {scheme: bearer, token: {file: ~/two}}}"));
    Routes routes =
        Routes.load(
            file, SecretSources.of(Map.of("HOME", directory.resolve("home").toString()), w -> {}));
    assertThat(routes.all().stream().map(route -> route.auth().orElseThrow().value()))
        .containsExactly("Bearer secret-number-one", "Bearer secret-number-two");
  }

  @Test
  void placeholdersAskNobody() throws Exception {
    Path file = directory.resolve("routes.yaml");
    Files.writeString(
        file,
        RoutesFixture.file(
            "{host: a.example, auth: {scheme: basic, token: {env: NOT_HERE}}}",
            "{host: b.example, auth: {scheme: bearer, token: {command: [no-such-program]}}}"));
    assertThat(Routes.load(file, SecretSources.placeholders()).all()).hasSize(2);
  }

  @Test
  void allSecretsOfAFileHaveOneDeadline() {
    Problems problems = new Problems();
    SecretSources sources = SecretSources.of(RoutesFixture.ENV, warning -> {});
    AuthFetcher fetcher = new AuthFetcher(sources, problems, Duration.ofMillis(300));
    for (String seconds : List.of("1001", "1002", "1003")) {
      fetcher.fetch(
          new DeclaredAuth(
              "authorization",
              "Bearer ",
              new SecretReference.Command(List.of("sleep", seconds)),
              Position.START));
    }
    assertThat(problems.all()).hasSize(3);
    assertThat(problems.all().get(0).sentence()).contains("did not end within ");
    assertThat(problems.all().get(1).sentence())
        .endsWith(" was not fetched: the secrets before it took too long");
    assertThat(problems.all().get(2).sentence()).endsWith("took too long");
  }

  @Test
  void aFileThatCannotBeReadIsSaid() {
    Path none = directory.resolve("none.yaml");
    assertThatThrownBy(() -> Routes.load(none, SecretSources.placeholders()))
        .isInstanceOf(RoutesException.class)
        .hasMessage(none + ": there is no such file");
    assertThatThrownBy(() -> Routes.load(directory, SecretSources.placeholders()))
        .hasMessage(directory + ": this is not a file");
  }

  @Test
  void certificatesOfTheFileAreRead() throws Exception {
    assertThat(RoutesFixture.problems("{version: 1, routes: [], ca: /no/such.pem}"))
        .containsExactly("1:30: there is no file /no/such.pem");
    assertThat(RoutesFixture.problems("{version: 1, routes: [], ca: /dev/null}"))
        .containsExactly("1:30: /dev/null is not a file");
    Path pem = directory.resolve("ca.pem");
    Files.writeString(pem, "nothing\n");
    assertThat(RoutesFixture.problems("{version: 1, routes: [], ca: " + pem + "}"))
        .singleElement()
        .asString()
        .startsWith("1:30: there ");
    Path key = directory.resolve("key.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=test",
                "-alias",
                "a",
                "-keystore",
                key.toString(),
                "-storepass",
                "password")
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).isZero();
    Process export =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/keytool").toString(),
                "-exportcert",
                "-rfc",
                "-alias",
                "a",
                "-file",
                pem.toString(),
                "-keystore",
                key.toString(),
                "-storepass",
                "password")
            .redirectErrorStream(true)
            .start();
    export.getInputStream().readAllBytes();
    assertThat(export.waitFor()).isZero();
    assertThat(
            RoutesFixture.routes("{version: 1, routes: [], ca: [" + pem + ", " + pem + "]}")
                .authorities())
        .hasSize(2);
    assertThat(RoutesFixture.routes("{version: 1, routes: [], ca: " + pem + "}").authorities())
        .singleElement()
        .matches(certificate -> certificate.getSubjectX500Principal().getName().equals("CN=test"));
  }

  @Test
  void howMuchIsWrittenDownIsInTheFileOrNot() throws Exception {
    assertThat(RoutesFixture.routes("{version: 1, log: 0, routes: []}").log()).contains(0);
    assertThat(RoutesFixture.routes("{version: 1, routes: []}").log()).isEmpty();
    assertThat(RoutesFixture.problems("{version: 1, log: 3, routes: []}"))
        .containsExactly("1:19: 'log' must be a whole number from 0 to 2");
  }
}
