package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestVerbsTest {
  @TempDir Path directory;
  private Path home;
  private Path repository;
  private Path config;
  private final Caller caller = Caller.carafe();

  @BeforeEach
  void plant() throws IOException {
    home = Files.createDirectories(directory.toRealPath().resolve("home"));
    repository = Files.createDirectories(home.resolve("project"));
    config = home.resolve(".config/carafe");
    caller.env.put("HOME", home.toString());
    caller.env.put("PATH", System.getenv("PATH"));
  }

  private Path write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private Path bottle(String name, String keys) throws IOException {
    return write(config.resolve("bottles/" + name + ".md"), "---\n" + keys + "\n---\n");
  }

  private Path agent(String name, String keys) throws IOException {
    return write(config.resolve("agents/" + name + ".md"), "---\n" + keys + "\n---\nGo.\n");
  }

  private Outcome info(String... more) {
    String[] words = {"info", "--directory", repository.toString()};
    String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return caller.call(all);
  }

  // init

  @Test
  void initWritesAPairThatCanBeUsed() throws Exception {
    Outcome outcome = caller.call("init");
    assertThat(outcome)
        .isEqualTo(
            new Outcome(
                0,
                """
                Wrote ~/.config/carafe/bottles/claude.md
                Wrote ~/.config/carafe/agents/claude.md

                'carafe info claude' shows what they come to,
                'carafe edit --bottle claude' changes what may be reached.
                """,
                ""));
    assertThat(info("claude"))
        .isEqualTo(
            new Outcome(
                0,
                """
                Agent:      claude, your own
                File:       ~/.config/carafe/agents/claude.md
                Prompt:     1 line
                Skills:     none
                Bottle:     claude
                Provider:   claude
                Variable:   EDITOR, from the file
                Log:        2, all requests

                0 routes; everything else is refused.
                """,
                ""));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
        .isEqualTo("rwx------");
  }

  @Test
  void initWritesOverNothing() throws Exception {
    Path mine = agent("claude", "bottle: mine");
    assertThat(caller.call("init"))
        .isEqualTo(
            new Outcome(
                1,
                "",
                "Error: ~/.config/carafe/agents/claude.md is there already; nothing was written"
                    + " over. 'carafe info claude' shows what there is, 'carafe init NAME' makes"
                    + " another pair\n"));
    assertThat(Files.readString(mine)).contains("bottle: mine");
    assertThat(config.resolve("bottles/claude.md")).doesNotExist();
    assertThat(caller.call("init", "other").exitCode()).isZero();
    assertThat(info("other").out()).contains("Bottle:     other");
  }

  @Test
  void initIsForTheProgramOfThatNameOrTheOneThatIsNamed() {
    assertThat(caller.call("init", "codex").exitCode()).isZero();
    assertThat(info("codex").out()).contains("Provider:   codex\n");
    assertThat(caller.call("init", "reviewer", "--provider", "shell").exitCode()).isZero();
    assertThat(info("reviewer").out()).contains("Provider:   shell\n");
    assertThat(caller.call("init", "one", "--provider", "cluade"))
        .isEqualTo(
            new Outcome(1, "", "Error: there is no provider 'cluade'; did you mean 'claude'?\n"));
    assertThat(config.resolve("bottles/one.md")).doesNotExist();
  }

  // info

  @Test
  void infoShowsWhatThingsComeToAndNoValue() throws Exception {
    bottle("base", "env: {A: hunter2, B: '${HOST_B}', C: '?what'}\ngit-gate: {user: {name: Ada}}");
    bottle(
        "web",
        """
        extends: base
        agent_provider: {template: pi, image: debian:12, settings: {key: hunter2}}
        git-gate:
          repos: {project: {url: 'ssh://git@example.com/p', key: {provider: static, path: ~/.ssh/id}}}
        egress:
          allow: [10.0.0.0/8]
          ca: ca.pem
          routes:
            - {host: api.example.com, auth: {scheme: bearer, token: {env: API_TOKEN}}}""");
    agent("bot", "bottle: web\nskills: [review]\ngit-gate: {user: {email: bot@example.com}}");
    caller.env.put("HOST_B", "hunter2");
    caller.env.put("API_TOKEN", "hunter2");
    Outcome outcome = info("bot");
    assertThat(outcome)
        .isEqualTo(
            new Outcome(
                0,
                """
                Agent:      bot, your own
                File:       ~/.config/carafe/agents/bot.md
                Prompt:     1 line
                Skills:     review
                Bottle:     base -> web
                Provider:   pi, settings key
                Image:      debian:12
                Git author: Ada <bot@example.com>
                Variable:   A, from the file
                Variable:   B, from this host's HOST_B
                Variable:   C, asked for at the start
                Repository: project, ssh://git@example.com/p, with the key in HOME/.ssh/id
                Addresses:  10.0.0.0/8 may be dialled
                Trusts:     certificates in ~/.config/carafe/bottles/ca.pem

                HOST             PORT     REQUESTS  OUTBOUND  INBOUND  GIT  TLS        CREDENTIAL
                api.example.com  443, 80  all       block     off      no   intercept  authorization: Bearer <the environment variable API_TOKEN>
                1 route; everything else is refused.
                """
                    .replace("HOME", home.toString()),
                outcome.err()));
    assertThat(outcome.err())
        .contains("Note: agent 'bot' cannot start: there is no provider 'pi'; there are claude,")
        .contains("Note: agent 'bot' cannot start: the agent 'bot' has the skill 'review'");
    Outcome json = info("bot", "--json");
    assertThat(json.exitCode()).isZero();
    assertThat(json.out())
        .contains("\"valid\" : true", "\"origin\" : \"user\"", "\"email\" : \"bot@example.com\"")
        .contains(
            "\"variable\" : \"HOST_B\"", "\"secret\" : \"the environment variable API_TOKEN\"")
        .doesNotContain("hunter2");
  }

  @Test
  void infoShowsABottleByItselfAndAnAgentInOtherBottles() throws Exception {
    bottle("one", "egress: {routes: [{host: a.example}]}");
    bottle("two", "egress: {routes: [{host: b.example}]}");
    agent("bot", "skills: []");
    assertThat(info("one").out()).startsWith("Bottle:     one\n").contains("a.example");
    assertThat(info("bot", "--bottle", "two", "--bottle", "one").out())
        .contains("Agent:      bot", "Bottle:     two\nBottle:     one\n", "2 routes");
    assertThat(info("bot").err())
        .startsWith("~/.config/carafe/agents/bot.md:1:1: the agent 'bot' names no bottle");
  }

  @Test
  void infoSaysEveryMistakeWithItsPlace() throws Exception {
    bottle("web", "evn: {}\negress: {log: 7}");
    agent("bot", "bottle: web");
    assertThat(info("bot"))
        .isEqualTo(
            new Outcome(
                1,
                "",
                """
                ~/.config/carafe/bottles/web.md:2:1: 'evn' is not a key here; did you mean 'env'?
                ~/.config/carafe/bottles/web.md:3:15: 'log' must be a whole number from 0 to 2
                Error: 'bot' cannot be used: 2 mistakes
                """));
    assertThat(info("bot", "--json").out())
        .contains("\"valid\" : false", "\"line\" : 2", "did you mean 'env'?");
    assertThat(info("bto").err())
        .isEqualTo(
            "there is no agent 'bto'; did you mean 'bot'?\nError: 'bto' cannot be used: 1 mistake\n");
  }

  @Test
  void infoWithoutANameListsAllAndWhatIsWrong() throws Exception {
    assertThat(info().out())
        .isEqualTo("There are no agents and no bottles yet; 'carafe init' makes a first pair.\n");
    bottle("web", "agent_provider: {template: shell}");
    agent("bot", "bottle: web");
    write(repository.resolve(".carafe/agents/bot.md"), "---\n---\n");
    write(repository.resolve(".carafe/agents/theirs.md"), "---\nbottle: web\n---\n");
    write(repository.resolve(".carafe/bottles/open.md"), "---\n---\n");
    assertThat(info())
        .isEqualTo(
            new Outcome(
                0,
                """
                KIND    NAME    STATE  FROM                  FILE
                agent   bot     ok     your own              ~/.config/carafe/agents/bot.md
                agent   theirs  ok     from this repository  ~/project/.carafe/agents/theirs.md
                bottle  web     ok     your own              ~/.config/carafe/bottles/web.md
                """,
                "Note: ~/project/.carafe/agents/bot.md is not used, because you have an agent of that"
                    + " name yourself\n"));
    write(repository.resolve(".carafe/agents/theirs.md"), "---\nenv: {A: b}\n---\n");
    Outcome wrong = info();
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err())
        .contains("~/project/.carafe/agents/theirs.md:2:1: 'env' is for bottles")
        .endsWith("Error: 1 mistake\n");
    assertThat(info("--json").out())
        .contains("\"valid\" : false", "\"shadowed\" : [", "\"origin\" : \"repository\"");
  }

  // edit

  private Outcome edit(String script, String... words) throws IOException {
    Path editor = write(directory.resolve("my editor"), "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(editor, PosixFilePermissions.fromString("rwx------"));
    caller.env.put("VISUAL", "'" + editor + "' --wait");
    String[] all = new String[words.length + 1];
    all[0] = "edit";
    System.arraycopy(words, 0, all, 1, words.length);
    return caller.call(all);
  }

  @Test
  void editOpensTheFileInTheUsersEditorAndChecksItAfterwards() throws Exception {
    Path file = bottle("web", "");
    assertThat(edit("printf -- '---\\nenv: {A: b}\\n---\\n' > \"$2\"", "web"))
        .isEqualTo(new Outcome(0, "~/.config/carafe/bottles/web.md: no mistakes\n", ""));
    assertThat(Files.readString(file)).contains("A: b");
  }

  @Test
  void whatWasEditedIsKeptWithItsMistakes() throws Exception {
    Path file = bottle("web", "");
    agent("broken", "x: y");
    assertThat(edit("printf -- '---\\nevn: {}\\n---\\n' > \"$2\"", "web"))
        .isEqualTo(
            new Outcome(
                1,
                "",
                """
                ~/.config/carafe/bottles/web.md:2:1: 'evn' is not a key here; did you mean 'env'?
                Error: 1 mistake; what you wrote is kept in ~/.config/carafe/bottles/web.md: edit it again
                """));
    assertThat(Files.readString(file)).contains("evn");
    agent("bot", "bottle: web");
    assertThat(edit("rm \"$2\"", "web").err())
        .contains("agents/bot.md:2:9: there is no bottle 'web'");
  }

  @Test
  void editAsksWhichOneIsMeantAndSaysWhatIsNotThere() throws Exception {
    bottle("claude", "");
    agent("claude", "bottle: claude");
    assertThat(edit("exit 0", "claude"))
        .isEqualTo(
            new Outcome(
                2,
                "",
                "error: 'claude' is an agent and a bottle\n\n  Say which one is meant, with --agent or"
                    + " --bottle.\n"));
    assertThat(edit("exit 0", "claude", "--agent").out()).contains("agents/claude.md: no mistakes");
    assertThat(edit("exit 0", "claude", "--bottle").out())
        .contains("bottles/claude.md: no mistakes");
    assertThat(edit("exit 0", "cluade", "--bottle").err())
        .isEqualTo("Error: there is no bottle 'cluade'; did you mean 'claude'?\n");
    assertThat(edit("exit 0", "../x").err()).startsWith("error: '../x' is no name");
  }

  @Test
  void anEditorThatFailsOrIsNotThereIsSaid() throws Exception {
    bottle("web", "");
    assertThat(edit("exit 3", "web").err())
        .endsWith("ended with exit code 3; nothing was checked\n");
    caller.env.put("VISUAL", "no-such-editor");
    assertThat(caller.call("edit", "web").err())
        .isEqualTo(
            "Error: there is no editor 'no-such-editor': name yours with VISUAL or EDITOR\n");
  }

  // import-bot-bottle

  @Test
  void importCarriesOverWhatItCanAndSaysTheRest() throws Exception {
    Path old = home.resolve(".bot-bottle");
    write(
        old.resolve("bottles/web.md"),
        "---\nsupervise: true\nssh: {}\nenv: {PORT: 8080}\negress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: T}}]}\n---\nDoc.\n");
    write(old.resolve("agents/bot.md"), "---\nbottle: web\n---\nBe good.\n");
    write(old.resolve("agents/torn.md"), "Be good.\n");
    Outcome dry = caller.call("import-bot-bottle", "--dry-run");
    assertThat(dry.out())
        .startsWith(
            """
            # ~/.config/carafe/bottles/web.md
            ---
            env:
              PORT: "8080"
            egress:
              routes:
                - host: a.example
                  auth:
                    scheme: bearer
                    token:
                      env: T
            ---

            Doc.

            """);
    assertThat(config).doesNotExist();
    Outcome outcome = caller.call("import-bot-bottle");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out())
        .isEqualTo("Wrote ~/.config/carafe/bottles/web.md\nWrote ~/.config/carafe/agents/bot.md\n");
    assertThat(outcome.err())
        .isEqualTo(
            """
            OLD/bottles/web.md:3:1: 'ssh' has no counterpart, and is left out
            OLD/agents/torn.md:1:1: the first line must be '---'; keys follow, then a line '---' again, then the text
            Error: 1 file was left out
            """
                .replace("OLD", old.toString()));
    assertThat(info("bot").exitCode()).isZero();
    Outcome again = caller.call("import-bot-bottle", old.toString());
    assertThat(again.out()).isEmpty();
    assertThat(again.err())
        .contains("~/.config/carafe/bottles/web.md: is there already, and was left as it is\n")
        .endsWith("Error: 3 files were left out\n");
  }

  @Test
  void importSaysWhenThereIsNothingAndWhenWhatItWroteDoesNotFit() throws Exception {
    assertThat(caller.call("import-bot-bottle").err())
        .isEqualTo(
            "Error: there is no directory "
                + home.resolve(".bot-bottle")
                + "; name the one that bot-bottle uses\n");
    Path old = Files.createDirectories(home.resolve("old"));
    assertThat(caller.call("import-bot-bottle", old.toString()).out())
        .isEqualTo("There are no agents and no bottles in " + old + ".\n");
    write(old.resolve("agents/bot.md"), "---\nbottle: gone\n---\n");
    assertThat(caller.call("import-bot-bottle", old.toString()).err())
        .contains("agents/bot.md:2:9: there is no bottle 'gone'")
        .endsWith("Error: what was written has 1 mistake\n");
  }

  // manifest schema

  @Test
  void theSchemasAreTheOnesInTheDocuments() throws Exception {
    for (String kind : new String[] {"agent", "bottle", "provider"}) {
      assertThat(caller.call("manifest", "schema", kind).out())
          .isEqualTo(Files.readString(Path.of("../docs/" + kind + ".schema.json")));
    }
    assertThat(caller.call("manifest", "schema").err())
        .isEqualTo("error: say of what: agent, bottle or provider\n");
  }
}
