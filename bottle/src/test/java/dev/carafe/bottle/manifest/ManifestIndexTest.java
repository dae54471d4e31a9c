package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestIndexTest {
  @TempDir Path directory;
  private Tree tree;

  @BeforeEach
  void plant() {
    tree = new Tree(directory);
  }

  @Test
  void whereNothingIsThereIsNothingWrong() {
    ManifestIndex index = tree.index();
    assertThat(index.agents()).isEmpty();
    assertThat(index.bottles()).isEmpty();
    assertThat(index.problems()).isEmpty();
    assertThatThrownBy(() -> index.load("claude", List.of()))
        .hasMessage(
            "there is no agent 'claude'; there are no agents yet; 'carafe init' makes a first pair");
  }

  @Test
  void anAgentIsLoadedWithTheBottleItNames() throws Exception {
    tree.bottle("web", "egress: {routes: [{host: a.example}]}");
    Path file =
        tree.agent(
            "bot",
            """
            name: anything
            description: [of, Claude, Code]
            model: opus
            color: 7
            memory: {a: b}
            bottle: web
            skills: [review, write-tests]
            git-gate: {user: {name: Bot}}""");
    Manifest manifest = tree.load("bot");
    assertThat(manifest.agent())
        .isEqualTo(
            new Agent(
                "bot",
                Origin.USER,
                file,
                "Do it well.",
                List.of("web"),
                List.of("review", "write-tests"),
                manifest.gitUser()));
    assertThat(manifest.bottle().names()).containsExactly("web");
  }

  @Test
  void theBottlesThatAreChosenReplaceTheOnesThatTheAgentNames() throws Exception {
    tree.bottle("web", "");
    tree.bottle("mail", "");
    tree.agent("bot", "bottle: web");
    tree.agent("both", "bottle: [mail, web]");
    tree.agent("stale", "bottle: gone");
    assertThat(tree.load("bot", "mail").bottle().names()).containsExactly("mail");
    assertThat(tree.load("both").bottle().names()).containsExactly("mail", "web");
    assertThat(tree.load("stale", "web").bottle().names()).containsExactly("web");
  }

  @Test
  void withoutABottleFromEitherSideThereIsTheFix() {
    tree.bottle("web", "");
    tree.agent("bot", "skills: []");
    assertThat(tree.problems()).isEmpty();
    assertThatThrownBy(() -> tree.load("bot"))
        .hasMessageEndingWith(
            "bot.md:1:1: the agent 'bot' names no bottle, and none was chosen; write 'bottle: NAME'"
                + " here, or choose one; there are web");
  }

  @Test
  void aNameThatDoesNotExistIsSaidWithTheNearest() {
    tree.bottle("web", "");
    tree.agent("bot", "bottle: wbe");
    assertThatThrownBy(() -> tree.load("bto"))
        .hasMessage("there is no agent 'bto'; did you mean 'bot'?");
    assertThatThrownBy(() -> tree.load("bot", "mail"))
        .hasMessage("there is no bottle 'mail' in " + tree.places.bottles() + "; there are web");
    assertThat(tree.problems())
        .containsExactly("bot.md:2:9: there is no bottle 'wbe' in bottles; did you mean 'web'?");
  }

  @Test
  void aLinkThatLeadsToItselfDoesNoHarmToOthers() throws Exception {
    tree.bottle("web", "");
    tree.agent("bot", "bottle: web");
    Path loop = tree.places.bottles().resolve("loop.md");
    Tree.link(loop, loop);
    assertThat(tree.load("bot").bottle().names()).containsExactly("web");
    assertThat(tree.problems()).singleElement().asString().startsWith("loop.md:1:1: ");
  }

  @Test
  void aFileWithMistakesDoesNoHarmToOthers() throws Exception {
    tree.bottle("web", "");
    tree.bottle("bad", "x: y");
    tree.agent("bot", "bottle: web");
    tree.agent("broken", "skils: []");
    assertThat(tree.load("bot").bottle().names()).containsExactly("web");
    assertThat(tree.index().agents())
        .extracting(ManifestIndex.FoundAgent::usable)
        .containsExactly(true, false);
    assertThatThrownBy(() -> tree.load("broken", "bad"))
        .hasMessageContaining("bad.md:2:1: 'x' is not a key here")
        .hasMessageContaining("broken.md:2:1: 'skils' is not a key here; did you mean 'skills'?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "bottles: web        | 'bottles' is called 'bottle', also when it is a list",
        "tools: [Bash]       | 'tools' would have no effect here",
        "skills: [../../etc] | this is no name: small letters",
        "skills: [a, a]      | 'a' is here a second time; take one away",
        "skills: review      | 'skills' must be a list, not text",
        "bottle: web.md      | this is no name: small letters",
        "git: {}             | 'git' is called 'git-gate', and an agent may only have 'user' in it",
        "git-gate: {user: {name: 7}} | 'name' must be text, not a whole number; put it in quotes",
      })
  void aMistakeInAnAgentHasASentence(String keys, String sentence) {
    tree.agent("bot", keys);
    assertThat(tree.problems()).anyMatch(said -> said.contains(": " + sentence));
  }

  @Test
  void aFileThatIsNotCalledAsItMustBeIsNotLeftOutSilently() {
    Path bottles = tree.places.bottles();
    for (String name : List.of("Web.md", "my web.md", "web.yaml", "web.markdown", "-x.md")) {
      Tree.write(bottles.resolve(name), "---\n---\n");
    }
    for (String name : List.of("README.md", ".hidden.md", "notes.txt", "web.md~")) {
      Tree.write(bottles.resolve(name), "---\n---\n");
    }
    assertThat(tree.index().problems())
        .hasSize(5)
        .allMatch(p -> p.sentence().startsWith("this is not read: a file is called NAME.md"));
    assertThat(tree.index().bottles()).isEmpty();
  }

  @Test
  void whatEverybodyCanChangeIsNotRead() throws Exception {
    Path file = tree.bottle("web", "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(tree.problems())
        .containsExactly(
            "web.md:1:1: everybody on this host can change this, so it is not read: chmod o-w it");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    assertThat(tree.problems()).isEmpty();
    Files.setPosixFilePermissions(file.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(tree.problems()).hasSize(1);
    assertThat(tree.index().bottles()).isEmpty();
    Files.setPosixFilePermissions(file.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(tree.user, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(tree.problems()).singleElement().asString().startsWith("carafe:1:1: everybody");
    assertThat(tree.index().bottles()).isEmpty();
  }

  @Test
  void theUsersDirectoryMayBeALinkAndSoMayFilesWithinIt() throws Exception {
    Path elsewhere = Files.createDirectories(directory.toRealPath().resolve("dotfiles/carafe"));
    Files.delete(tree.user);
    Tree.link(tree.user, elsewhere);
    Path web = tree.bottle("web", "");
    Tree.link(tree.places.bottles().resolve("alias.md"), web);
    assertThat(tree.bottles("alias").names()).containsExactly("alias");
    assertThat(tree.problems()).isEmpty();
  }

  @Test
  void manyFilesAreLimited() {
    for (int i = 0; i <= ManifestDirectory.MOST_FILES_OF_REPOSITORY; i++) {
      tree.repositoryAgent("a" + i, "");
    }
    assertThat(tree.problems())
        .containsExactly(
            "agents:1:1: there are more than 100 files in this directory; the last ones are not read");
    assertThat(tree.index().agents()).hasSize(100);
  }

  @Test
  void theSchemasAreTheOnesInTheDocuments() throws Exception {
    assertThat(ManifestShape.agentSchema())
        .isEqualTo(Files.readString(Path.of("../docs/agent.schema.json")));
    assertThat(ManifestShape.bottleSchema())
        .isEqualTo(Files.readString(Path.of("../docs/bottle.schema.json")));
  }
}
