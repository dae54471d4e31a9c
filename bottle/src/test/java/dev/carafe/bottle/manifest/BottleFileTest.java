package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BottleFileTest {
  private static final String HOST_KEY =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

  @TempDir Path directory;
  private Tree tree;

  @BeforeEach
  void plant() {
    tree = new Tree(directory);
  }

  @Test
  void aBottleThatSaysNothingAllowsNothing() throws Exception {
    tree.bottle("empty", "# nothing");
    EffectiveBottle bottle = tree.bottles("empty");
    assertThat(bottle.egress()).isEqualTo(EgressPolicy.NOTHING);
    assertThat(bottle.env()).isEmpty();
    assertThat(bottle.repos()).isEmpty();
    assertThat(bottle.provider()).isEmpty();
    assertThat(bottle.gitUser()).isEqualTo(GitUser.NOBODY);
    assertThat(bottle.names()).containsExactly("empty");
  }

  @Test
  void everyKeyIsRead() throws Exception {
    tree.bottle(
        "all",
        """
        agent_provider:
          template: claude
          image: debian:12
          auth_token: CLAUDE_TOKEN
        env:
          EDITOR: vi
          EMPTY: ''
          FROM_HOST: ${GH_PAT}
          ASKED: "? your token"
          QUESTION: ??why
          DOLLAR: a$${b}
        git-gate:
          user: {name: Ada, email: ada@example.com}
          repos:
            project:
              url: ssh://git@git.example.com:2222/me/project.git
              key: {provider: static, path: ~/.ssh/id}
              host_key: KEY
            other:
              url: ssh://git@git.example.com/me/other
              key: {provider: gitea, provisioner_token: {command: [pass, show, gitea]}}
        egress:
          log: 1
          allow: [10.1.0.0/16]
          ca: ca.pem
          routes:
            - host: api.example.com
              auth: {scheme: bearer, token: {env: API_TOKEN}}
              matches: [{method: GET, path: {type: PathPrefix, value: /v1}}]
        """
            .replace("KEY", HOST_KEY));
    EffectiveBottle bottle = tree.bottles("all");
    AgentProvider provider = bottle.provider().orElseThrow();
    assertThat(provider.template()).isEqualTo("claude");
    assertThat(provider.image()).contains("debian:12");
    assertThat(provider.authToken()).contains(new SecretReference.Variable("CLAUDE_TOKEN"));
    assertThat(bottle.env())
        .containsExactly(
            Map.entry("EDITOR", new EnvValue.Literal("vi")),
            Map.entry("EMPTY", new EnvValue.Literal("")),
            Map.entry("FROM_HOST", new EnvValue.FromHost("GH_PAT")),
            Map.entry("ASKED", new EnvValue.Prompt("your token")),
            Map.entry("QUESTION", new EnvValue.Literal("?why")),
            Map.entry("DOLLAR", new EnvValue.Literal("a${b}")));
    assertThat(bottle.gitUser()).hasToString("Ada <ada@example.com>");
    assertThat(bottle.repos())
        .containsExactly(
            new GitRepo(
                "project",
                new SshUrl("git", "git.example.com", 2222, "/me/project.git"),
                new GitKey.Static(Path.of("/home/me/.ssh/id")),
                Optional.of(HOST_KEY)),
            new GitRepo(
                "other",
                new SshUrl("git", "git.example.com", 22, "/me/other"),
                new GitKey.Gitea(new SecretReference.Command(List.of("pass", "show", "gitea"))),
                Optional.empty()));
    EgressPolicy egress = bottle.egress();
    assertThat(egress.log()).contains(1);
    assertThat(egress.allow()).hasToString("[10.1.0.0/16]");
    assertThat(egress.authorities()).containsExactly(tree.places.bottles().resolve("ca.pem"));
    assertThat(egress.routes()).hasSize(1);
    assertThat(egress.routes().getFirst().auth().orElseThrow().reference())
        .isEqualTo(new SecretReference.Variable("API_TOKEN"));
  }

  @Test
  void otherProvidersHaveTheirOwnKeys() throws Exception {
    tree.bottle("codex", "agent_provider: {template: codex, forward_host_credentials: true}");
    assertThat(tree.bottles("codex").provider().orElseThrow().forwardHostCredentials()).isTrue();
    tree.bottle(
        "pi",
        "agent_provider: {template: pi, recipe: pi.recipe, settings: {models: [a], n: 1, on: true, x: {y: z}}}");
    AgentProvider pi = tree.bottles("pi").provider().orElseThrow();
    assertThat(pi.recipe()).contains(tree.places.bottles().resolve("pi.recipe"));
    assertThat(pi.settings())
        .isEqualTo(Map.of("models", List.of("a"), "n", 1L, "on", true, "x", Map.of("y", "z")));
  }

  @Test
  void allMistakesAreSaidAtOnceEachWithItsPlace() {
    tree.bottle(
        "bad",
        """
        extnds: base
        env:
          PORT: 8080
          1ST: x
        git: {}
        supervise: true
        git-gate:
          repos:
            x: {url: https://example.com/x, key: {provider: static}}
        egress:
          log: 3
          routes:
            - hots: api.example.com
            - host: '*'""");
    assertThat(tree.problems())
        .containsExactly(
            "bad.md:2:1: 'extnds' is not a key here; did you mean 'extends'?",
            "bad.md:4:9: 'PORT' must be text, not a whole number; put it in quotes",
            "bad.md:5:3: a variable's name has letters, digits and _, and begins with no digit",
            "bad.md:6:1: 'git' is now called 'git-gate'",
            "bad.md:7:1: 'supervise' is not needed: every bottle is supervised",
            "bad.md:10:14: 'url' must be ssh://USER@HOST/PATH; only ssh is spoken to repositories",
            "bad.md:10:42: 'key' lacks 'path'",
            "bad.md:12:8: 'log' must be a whole number from 0 to 2",
            "bad.md:14:7: 'hots' is not a key here; did you mean 'host'?",
            "bad.md:14:7: each of 'routes' lacks 'host'",
            "bad.md:15:13: '*' would allow every host; name the hosts that are meant");
    assertThatThrownBy(() -> tree.bottles("bad"))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("bad.md:14:7: 'hots'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "ssh: {}              | 'ssh' is not known: write repositories into 'git-gate', as 'repos' there",
        "tokens: {}           | 'tokens' is not known: a route has its credential, as 'auth'",
        "cred_proxy: {}       | 'cred_proxy' is not known: a route has its credential, as 'auth'",
        "egress_proxy: {}     | 'egress_proxy' is now called 'egress'",
        "path_allowlist: []   | 'path_allowlist' is not known: a route has its paths, as 'matches'",
        "pipelock: {}         | 'pipelock' is not known: a route has its checks, as 'dlp'",
        "routes: []           | 'routes' belongs into 'egress', as 'routes' there",
        "bottle: x            | 'bottle' belongs to agents; a bottle is made from others with 'extends'",
        "agent_provider: {template: claude, dockerfile: x} | 'dockerfile' is not known: name an image with 'image', or a recipe with 'recipe'",
        "agent_provider: {image: x} | 'agent_provider' lacks 'template'",
        "agent_provider: {template: claude, image: x, recipe: y} | 'image' and 'recipe' exclude each other; take one away",
        "agent_provider: {template: claude, auth_token: A, forward_host_credentials: true} | 'auth_token' and 'forward_host_credentials' exclude each other; take one away",
        "agent_provider: {template: shell, auth_token: A} | 'auth_token' is not for the provider shell; take it away",
        "agent_provider: {template: claude, settings: {a: b}} | 'settings' is not for the provider claude; take it away",
        "agent_provider: {template: ../evil} | this is no name",
        "agent_provider: {template: claude, auth_token: a b} | 'auth_token' must be the name of an environment variable",
        "agent_provider: {template: claude, auth_token: [a]} | 'auth_token' must be text or keys with values, not a list",
        "agent_provider: {template: claude, image: --privileged} | an image has no blanks, and does not begin with '-'",
        "agent_provider: {template: pi, settings: [a]} | 'settings' must be keys with values, not a list",
        "agent_provider: {template: pi, settings: {a: 1.5}} | a setting is text, a whole number, true or false",
        "env: [a]             | 'env' must be keys with values, not a list; write {} for none",
        "env:                 | 'env' must be keys with values, not nothing; write {} for none",
        "env: {A: }           | 'A' has no value; write '' for an empty one",
        "env: {A: '?'}        | after '?' belongs what is to be asked",
        "env: {A: '${}'}      | between ${ and } belongs the name of a variable of this host, alone",
        "env: {A: '${A-b}'}   | between ${ and } belongs the name of a variable of this host, alone",
        "env: {A: 'x ${B}'}   | ${NAME} can only be a whole value, not a part of one",
        "env: {A: '${B} ${C}'} | between ${ and } belongs the name of a variable of this host, alone",
        "extends: [a, a]      | 'a' is here a second time; take one away",
        "extends: ../base     | this is no name",
        "extends: {a: b}      | 'extends' must be text or a list, not keys with values",
        "git-gate: {user: {name: ''}} | 'name' has no value",
        "git-gate: {user: {name: \"A\\nB\"}} | an author is one line of visible letters",
        "git-gate: {user: {email: 'a <b>'}} | an author is one line of visible letters",
        "git-gate: {repos: {../x: {}}} | a repository's name has letters",
        "git-gate: {repos: {x.git: {}}} | a repository's name has letters",
        "git-gate: {repos: {x: {url: 'git@example.com:me/x'}}} | 'url' must be ssh://USER@HOST/PATH, with a slash where the colon is",
        "git-gate: {repos: {x: {url: 'ssh://example.com/x'}}} | 'url' must be ssh://USER@HOST[:PORT]/PATH, without a password",
        "git-gate: {repos: {x: {url: 'ssh://git:pw@example.com/x'}}} | without a password",
        "git-gate: {repos: {x: {url: 'ssh://-oProxyCommand=x@example.com/x'}}} | without a password and of plain letters",
        "git-gate: {repos: {x: {url: 'ssh://git@-oProxyCommand/x'}}} | without a password and of plain letters",
        "git-gate: {repos: {x: {url: 'ssh://git@example.com:99999/x'}}} | a port is a number from 1 to 65535",
        "git-gate: {repos: {x: {url: 'ssh://git@example.com/a/../x'}}} | no part of the path of 'url' may be",
        "git-gate: {repos: {x: {url: 'ssh://git@example.com/-x'}}} | no part of the path of 'url' may be",
        "git-gate: {repos: {x: {identity: a}}} | 'identity' is now written key: {provider: static, path: …}",
        "git-gate: {repos: {x: {provisioned_key: {}}}} | 'provisioned_key' is now written key",
        "git-gate: {repos: {x: {key: {provider: gitea, path: x}}}} | 'path' is not for this provider, which wants 'provisioner_token'",
        "git-gate: {repos: {x: {key: {provider: github, path: x}}}} | 'provider' must be 'static' or 'gitea'",
        "git-gate: {repos: {x: {host_key: ssh-ed25519 AAAA}}} | 'host_key' must be a type and a key",
        "git-gate: {repos: {x: {host_key: AAAA}}} | 'host_key' must be a type and a key",
        "egress: []           | 'egress' must be keys with values, not a list",
        "egress: {routes: {}} | 'routes' must be a list, not keys with values",
        "egress: {routes: [{host: a.example}, {host: a.example}]} | the route to a.example is here a second time; put both into one, see line 2",
      })
  void aMistakeHasASentenceThatSaysWhatToDo(String keys, String sentence) {
    tree.bottle("x", keys);
    assertThat(tree.problems()).isNotEmpty().anyMatch(said -> said.contains(sentence));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "env: {GITHUB_TOKEN: SECRET}",
        "env: {GITHUB_TOKEN: '${SECRET}'}",
        "agent_provider: {template: claude, auth_token: SECRET}",
        "agent_provider: {template: pi, settings: {api: {key: SECRET}}}",
        "git-gate: {repos: {x: {key: {provider: gitea, provisioner_token: SECRET}}}}",
        "egress: {routes: [{host: a.example, auth: {scheme: bearer, token: {env: SECRET}}}]}",
        "egress: {routes: [{host: a.example, auth: {scheme: bearer, token: SECRET}}]}",
        "extends: SECRET",
        "SECRET: x",
      })
  void aSecretIsRefusedWhereverItStandsAndNeverRepeated(String keys) {
    String secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    tree.bottle("x", keys.replace("SECRET", secret));
    assertThat(tree.problems()).isNotEmpty().noneMatch(said -> said.contains("ghp_16"));
    assertThatThrownBy(() -> tree.bottles("x"))
        .isInstanceOf(ManifestException.class)
        .message()
        .doesNotContain("ghp_16");
  }

  @Test
  void noTextFormShowsAValue() throws Exception {
    tree.bottle("x", "env: {A: hunter2}\nagent_provider: {template: pi, settings: {key: hunter2}}");
    assertThat(tree.bottles("x").toString()).doesNotContain("hunter2");
  }

  @Test
  void aRepositoryThatLacksSomethingIsSaidWhenItIsUsed() {
    tree.bottle("half", "git-gate: {repos: {x: {url: 'ssh://git@example.com/x'}}}");
    assertThat(tree.problems()).isEmpty();
    assertThatThrownBy(() -> tree.bottles("half"))
        .hasMessageContaining(
            "half.md:2:20: the repository 'x' lacks 'key', and no other bottle has it");
  }
}
