package dev.carafe.bottle.botbottle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.botbottle.BotBottleTree.Planned;
import dev.carafe.bottle.manifest.EffectiveBottle;
import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestPlaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BotBottleTreeTest {
  private static final Map<String, String> ENV = Map.of("HOME", "/home/me");

  @TempDir Path directory;
  private Path old;
  private ManifestPlaces places;

  @BeforeEach
  void plant() throws IOException {
    Path real = directory.toRealPath();
    old = real.resolve("old");
    places = new ManifestPlaces(real.resolve("carafe"), real.resolve("project"));
    Files.createDirectories(old.resolve("bottles"));
    Files.createDirectories(old.resolve("agents"));
  }

  private void bottle(String name, String keys) throws IOException {
    Files.writeString(
        old.resolve("bottles").resolve(name + ".md"), "---\n" + keys + "\n---\nDoc.\n");
  }

  private BotBottleTree read() throws IOException {
    return BotBottleTree.read(old, places, ENV);
  }

  /** Writes all that can be carried over, and reads it as manifests. */
  private ManifestIndex carriedOver() throws IOException {
    for (Planned file : read().files()) {
      if (file.content().isPresent()) {
        Files.createDirectories(file.target().getParent());
        Files.writeString(file.target(), file.content().get());
      }
    }
    return ManifestIndex.read(places, ENV);
  }

  private List<String> notes() throws IOException {
    return read().files().stream()
        .flatMap(file -> file.notes().stream())
        .map(note -> note.replace(old + "/", ""))
        .toList();
  }

  private List<String> routes(String keys) throws Exception {
    bottle("web", "egress:\n  routes:\n" + keys.indent(4));
    return carriedOver().bottle(List.of("web")).egress().routes().stream()
        .map(route -> route.route().toString().replaceAll(", auth=.*", ""))
        .toList();
  }

  @Test
  void aWholeBottleAndItsAgentMeanTheSameAfterwards() throws Exception {
    bottle("base", "env: {A: literal, N: 8080, T: true}");
    bottle(
        "web",
        """
        extends: base
        agent_provider:
          template: claude
          auth_token: BOT_BOTTLE_CLAUDE_OAUTH_TOKEN
        env:
          GITHUB: ${GH_PAT}
          GITEA: "?paste your token"
          ODD: 'a "b" \\ c: #d'
        git-gate:
          user: {name: Bot, email: bot@example.com}
          repos:
            one:
              url: ssh://git@git.example.com:30009/me/one.git
              key: {provider: static, path: ~/.ssh/id}
            two:
              url: ssh://git@git.example.com/me/two.git
              key: {provider: gitea, provisioner_token: GITEA_TOKEN}
        egress:
          log: 1
          routes:
            - host: git.example.com
              auth: {scheme: token, token_ref: GITEA_TOKEN}
              matches:
                - paths: [{type: prefix, value: /api/v1/}, {type: exact, value: /}]
                  methods: [get, POST]
                  headers: [{name: x-a, value: b}]
              git: {fetch: true}
              dlp:
                outbound_detectors: [token_patterns, known_secrets, entropy]
                inbound_detectors: [naive_injection_detection]
                outbound_on_match: redact""");
    Files.writeString(
        old.resolve("agents/bot.md"),
        "---\nname: bot\nbottle: web\nskills: [review]\ngit-gate: {user: {name: Bob}}\n---\nBe good.\n");
    ManifestIndex index = carriedOver();
    assertThat(index.problems()).isEmpty();
    assertThat(notes()).isEmpty();
    Manifest manifest = index.load("bot", List.of());
    assertThat(manifest.agent().prompt()).isEqualTo("Be good.");
    assertThat(manifest.agent().skills()).containsExactly("review");
    assertThat(manifest.gitUser()).hasToString("Bob <bot@example.com>");
    EffectiveBottle bottle = manifest.bottle();
    assertThat(bottle.provider().orElseThrow().authToken().orElseThrow().name())
        .isEqualTo("the environment variable BOT_BOTTLE_CLAUDE_OAUTH_TOKEN");
    assertThat(bottle.env().entrySet().stream().map(e -> e.getKey() + " " + e.getValue().source()))
        .containsExactly(
            "A from the file",
            "N from the file",
            "T from the file",
            "GITHUB from this host's GH_PAT",
            "GITEA asked for at the start",
            "ODD from the file");
    assertThat(bottle.env().get("ODD"))
        .isEqualTo(new dev.carafe.bottle.manifest.EnvValue.Literal("a \"b\" \\ c: #d"));
    assertThat(bottle.repos().stream().map(repo -> repo.url() + " " + repo.key().words()))
        .containsExactly(
            "ssh://git@git.example.com:30009/me/one.git the key in /home/me/.ssh/id",
            "ssh://git@git.example.com/me/two.git a deploy key of Gitea's, made with the"
                + " environment variable GITEA_TOKEN");
    assertThat(bottle.egress().log()).contains(1);
    var route = bottle.egress().routes().getFirst();
    assertThat(route.route().matches()).hasSize(4);
    assertThat(route.route().matches()).allMatch(match -> match.headers().size() == 1);
    assertThat(route.route().git()).isTrue();
    assertThat(route.route().entropy()).isTrue();
    assertThat(route.route().outbound()).hasToString("REDACT");
    assertThat(route.route().inbound().onMatch()).hasToString("BLOCK");
    assertThat(route.auth().orElseThrow().prefix()).isEqualTo("token ");
  }

  @Test
  void olderKeysOfRepositoriesAreKnown() throws Exception {
    bottle(
        "web",
        "git-gate: {repos: {a: {url: 'ssh://git@example.com/a', identity: ~/.ssh/id}, b: {url: 'ssh://git@example.com/b', provisioned_key: {provider: gitea, token_env: T}}}}");
    assertThat(
            carriedOver().bottle(List.of("web")).repos().stream().map(repo -> repo.key().words()))
        .containsExactly(
            "the key in /home/me/.ssh/id",
            "a deploy key of Gitea's, made with the environment variable T");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{host: a.example, matches: [{paths: [{type: glob, value: /x}]}]} | this path is not a type that is known, and a value",
        "{host: a.example, matches: [{queries: [x]}]}                     | this condition is not known",
        "{host: a.example, matches: [{methods: []}]}                      | this condition is no list with something in it",
        "{host: a.example, matches: []}                                   | these are no conditions, or more than 64",
        "{host: a.example, matches: [{headers: [{name: x, value: y, type: prefix}]}]} | this header is not a name and a value",
        "{host: a.example, auth: {scheme: bearer}}                        | 'auth' is not a scheme and a token_ref",
        "{host: a.example, auth: {scheme: bearer, token_ref: T, realm: x}} | 'auth' is not a scheme and a token_ref",
      })
  void aRouteWhoseConditionsCannotBeExpressedIsLeftOutAndNeverWidened(String route, String why)
      throws Exception {
    assertThat(routes("- " + route + "\n- {host: b.example}"))
        .singleElement()
        .asString()
        .contains("b.example");
    assertThat(notes()).singleElement().asString().contains(why, "the route is left out");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "outbound_detectors: false         | OFF   | false | ``",
        "outbound_detectors: [entropy, token_patterns, known_secrets] | BLOCK | true  | ``",
        "outbound_detectors: [known_secrets] | BLOCK | false | token patterns and known secrets are looked for together",
        "outbound_on_match: supervise      | BLOCK | false | nobody is asked when something is found",
        "outbound_on_match: block          | BLOCK | false | ``",
        "inbound_detectors: false          | BLOCK | false | ``",
      })
  void whatIsLookedForIsCarriedOverOrStricter(
      String dlp, String outbound, boolean entropy, String note) throws Exception {
    bottle("web", "egress: {routes: [{host: a.example, dlp: {" + dlp + "}}]}");
    var route = carriedOver().bottle(List.of("web")).egress().routes().getFirst().route();
    assertThat(route.outbound()).hasToString(outbound);
    assertThat(route.entropy()).isEqualTo(entropy);
    assertThat(String.join("\n", notes())).contains(note);
  }

  @Test
  void whatHasNoCounterpartIsSaidWithItsPlace() throws Exception {
    bottle(
        "web",
        "supervise: false\nagent_provider: {template: claude, dockerfile: x}\npipelock: {}\negress: {routes: [{host: a.example, role: x}]}");
    Files.writeString(old.resolve("agents/bot.md"), "---\ntools: [Bash]\n---\n");
    Files.createDirectories(old.resolve("contrib/mine"));
    Files.writeString(old.resolve("agents/My Bot.md"), "---\n---\n");
    assertThat(notes())
        .containsExactly(
            "bottles/web.md:2:12: every bottle is supervised; 'supervise: false' is left out",
            "bottles/web.md:3:48: no Dockerfile is built here, and 'dockerfile' is left out: import"
                + " the image that it makes (carafe image import), and name it with 'image'",
            "bottles/web.md:4:1: 'pipelock' has no counterpart, and is left out",
            "bottles/web.md:5:37: 'role' has no counterpart, and is left out",
            "agents/bot.md:2:1: 'tools' has no counterpart, and is left out");
    assertThat(read().left())
        .containsExactly(
            old.resolve("agents/My Bot.md")
                + ": this cannot be a name here, and the file is left out",
            old.resolve("contrib")
                + ": provider plug-ins are programs of bot-bottle's and cannot be used here");
    assertThat(carriedOver().problems()).isEmpty();
  }

  @Test
  void aFileThatCannotBeReadOrWouldHaveMistakesIsLeftOutAndSaysWhy() throws Exception {
    bottle("web", "env: {TOKEN: ghp_16C7e42F292c6912E7710c838347Ae178B4a}");
    bottle("torn", "env: [");
    assertThat(read().files()).allMatch(file -> file.content().isEmpty());
    assertThat(notes())
        .anyMatch(note -> note.startsWith("bottles/torn.md:") && note.contains("not YAML"))
        .contains("bottles/web.md: as a manifest, this would have mistakes, and is left out:")
        .anyMatch(note -> note.startsWith("  this looks like a secret itself"))
        .noneMatch(note -> note.contains("ghp_16"));
  }
}
