package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is what was declared, and no secret is in it. */
class RoutesWriterTest {
  private static final Path SOMEWHERE = Path.of("/etc/routes.yaml");

  /** Of everything that YAML gives a meaning to, and of what it cannot show. */
  private static final List<String> ODD =
      List.of(
          "a", "Z", "7", "~", "/", "\\", "'", "\"", ":", "#", "-", "?", "{", "}", "[", "]", ",",
          "&", "*", "!", "|", ">", "%", "@", "`", "$", "(", ")", "^", ".", "+", "=", "é", "ß", "語",
          "😀", "\u00a0", "\u00ad", "\u2028", "\u200b", "\ufeff", "\ufffd", "\uffff", "\u007f",
          "\u0085");

  @TempDir Path directory;

  @Test
  void everyKindOfRouteComesBackAsItWasDeclared() throws Exception {
    DeclaredRoutes declared =
        declared(
            """
            version: 1
            log: 1
            allow: [10.1.0.0/16, '::1', '2001:db8::/32']
            ca: [/etc/one.pem, 'odd name: #.pem']
            routes:
              - host: api.example.com
              - host: '*.cdn.example.com'
                tls: pass
              - host: bücher.example
                port: 8443
                git: fetch
                dlp: {outbound: redact, inbound: block, entropy: true}
              - host: unlooked.example.com
                dlp: {outbound: off, inbound: redact}
              - host: matched.example.com
                matches:
                  - path: {type: Exact, value: "/a'b%20c:d"}
                    method: PATCH
                  - path: {type: PathPrefix, value: /v1}
                  - path: {type: RegularExpression, value: '/(?i)x\\.y"[^#: ]+\\d{2,}'}
                  - headers:
                      - {name: x-one, value: 'a: b # c'}
                      - {name: x-two, type: RegularExpression, value: '\\s*"?[-~]+'}
              - host: bearer.example.com
                auth: {scheme: bearer, token: {env: TOKEN}}
              - host: token.example.com
                auth: {scheme: token, token: {file: 'secrets/a b'}}
              - host: basic.example.com
                auth: {scheme: basic, token: {command: [pass, show, "it's: #1"]}}
              - host: named.example.com
                auth: {header: X-Api-Key, cleartext: true, token: {keyring: {service: 'a b', account: "yes"}}}
              - host: field.example.com
                auth: {scheme: bearer, token: {file: login.json, field: tokens.access_token}}
              - host: bare.example.com
                auth: {header: Authorization, token: {env: LOGIN}}
            """);
    assertThat(declared.routes()).hasSize(11);
    assertThat(again(declared).sameAs(declared)).isTrue();
  }

  @Test
  void whatIsOddInTextIsNoDanger() throws Exception {
    Random random = new Random(20);
    for (int round = 0; round < 300; round++) {
      DeclaredRoutes declared =
          new DeclaredRoutes(
              List.of(odd(random, "a.example.com"), odd(random, "*.b.example.com")),
              List.of(),
              List.of(Path.of("/x" + text(random).replaceAll("[^ -~]|/", ""))),
              Optional.of(random.nextInt(3)));
      assertThat(again(declared).sameAs(declared)).as("round %s", round).isTrue();
    }
  }

  @Test
  void nothingIsWrittenOfNothing() throws Exception {
    DeclaredRoutes nothing = new DeclaredRoutes(List.of(), List.of(), List.of(), Optional.empty());
    assertThat(RoutesWriter.text(SOMEWHERE, nothing)).isEqualTo("version: 1\nroutes: []\n");
  }

  @Test
  void theFileIsItsOwnersAndReplacedAtOnce() throws Exception {
    Path file = directory.resolve("routes.yaml");
    Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "not this");
    Files.createSymbolicLink(file, elsewhere);
    RoutesWriter.write(file, declared(RoutesFixture.file("{host: a.example.com}")));
    RoutesWriter.write(
        file,
        declared(
            RoutesFixture.file("{host: b.example.com, auth: {header: k, token: {env: TOKEN}}}")));
    assertThat(Files.isSymbolicLink(file)).isFalse();
    assertThat(elsewhere).hasContent("not this");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(file).content().doesNotContain(RoutesFixture.TOKEN);
    Routes routes = Routes.load(file, SecretSources.of(RoutesFixture.ENV, warning -> {}));
    assertThat(routes.find("b.example.com", 443, true).orElseThrow().auth().orElseThrow().value())
        .isEqualTo(RoutesFixture.TOKEN);
    assertThat(routes.log()).isEmpty();
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(file, elsewhere);
    }
  }

  @Test
  void aFileThatCannotBeWrittenLeavesWhatWasThere() throws Exception {
    Path file = directory.resolve("none").resolve("routes.yaml");
    DeclaredRoutes routes = declared(RoutesFixture.file("{host: a.example.com}"));
    assertThatThrownBy(() -> RoutesWriter.write(file, routes)).isInstanceOf(IOException.class);
  }

  @Test
  void whatNoFileCanSayIsNotWritten() {
    Path file = directory.resolve("routes.yaml");
    DeclaredRoute route = route("a.example.com", List.of(), Optional.empty(), true);
    assertRefused(
        file,
        List.of(route),
        "these routes cannot be written into one routes file: something in them would not be read"
            + " as it was declared");
    assertRefused(file, List.of(plain("a.example.com"), plain("a.example.com")), "a second time");
    assertRefused(
        file, Collections.nCopies(RoutesShape.MOST_ROUTES + 1, plain("a.example.com")), "500");
    Pattern long1 = Pattern.compile("/" + "é".repeat(490));
    List<Match> many =
        Collections.nCopies(
            64,
            new Match(Optional.of(new PathMatch.Expression(long1)), Optional.empty(), List.of()));
    List<DeclaredRoute> large = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      large.add(route("h" + i + ".example.com", many, Optional.empty(), false));
    }
    assertRefused(file, large, "the file is larger than 262144 bytes");
    assertThat(file).doesNotExist();
  }

  private static void assertRefused(Path file, List<DeclaredRoute> routes, String sentence) {
    assertThatThrownBy(
            () ->
                RoutesWriter.write(
                    file, new DeclaredRoutes(routes, List.of(), List.of(), Optional.empty())))
        .isInstanceOf(RoutesException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(sentence);
  }

  private static DeclaredRoutes declared(String text) {
    Problems problems = new Problems();
    DeclaredRoutes declared =
        RoutesFile.declared(
                SOMEWHERE,
                text.getBytes(StandardCharsets.UTF_8),
                Map.of("HOME", "/home/me"),
                problems)
            .orElseThrow();
    assertThat(problems.all()).as(text).isEmpty();
    return declared;
  }

  private static DeclaredRoutes again(DeclaredRoutes declared) throws RoutesException {
    return declared(RoutesWriter.text(SOMEWHERE, declared));
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int length = 1 + random.nextInt(12); length > 0; length--) {
      text.append(ODD.get(random.nextInt(ODD.size())));
    }
    return text.toString();
  }

  private static DeclaredRoute odd(Random random, String host) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("service", "x" + text(random));
    attributes.put("account", "y" + text(random));
    SecretReference reference =
        random.nextBoolean()
            ? new SecretReference.Command(List.of("pass", text(random), text(random)))
            : new SecretReference.Keyring(attributes);
    return route(
        host,
        List.of(
            new Match(
                Optional.of(new PathMatch.Expression(Pattern.compile(Pattern.quote(text(random))))),
                Optional.empty(),
                List.of(
                    new HeaderMatch("x-a", text(random)),
                    new HeaderMatch(
                        "x-b",
                        new HeaderMatch.Expression(
                            Pattern.compile(Pattern.quote(text(random)))))))),
        Optional.of(new DeclaredAuth("x-key", "", reference, Position.NOWHERE)),
        false);
  }

  private static DeclaredRoute plain(String host) {
    return route(host, List.of(), Optional.empty(), false);
  }

  private static DeclaredRoute route(
      String host, List<Match> matches, Optional<DeclaredAuth> auth, boolean cleartext) {
    return new DeclaredRoute(
        new Route(
            new HostPattern(host),
            0,
            matches,
            Optional.empty(),
            OnMatch.BLOCK,
            new Inbound(OnMatch.OFF),
            false,
            false,
            false,
            cleartext,
            1),
        auth,
        SOMEWHERE,
        Position.NOWHERE);
  }
}
