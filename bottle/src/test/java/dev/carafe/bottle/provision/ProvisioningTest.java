package dev.carafe.bottle.provision;

import static dev.carafe.bottle.provision.FakeGuest.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.Agent;
import dev.carafe.bottle.manifest.GitUser;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.Origin;
import dev.carafe.machine.MachineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is put into a guest for its agent: who owns it, the prompt, skills, git's author. */
class ProvisioningTest {
  @TempDir Path directory;
  private FakeGuest guest;
  private final Injected injected = new Injected();

  @BeforeEach
  void make() throws Exception {
    guest = new FakeGuest(Files.createDirectory(directory.resolve("guest")));
  }

  // Who.

  private GuestUser find(int exitCode, String out) {
    guest.shell = spec -> FakeGuest.result(exitCode, out, "");
    return GuestUser.find(guest, "node");
  }

  @Test
  void theUserIsWhoTheGuestsListSays() {
    assertThat(find(0, "user:1000:1001:/home/node\n")).isEqualTo(NODE);
    assertThat(guest.commands.getFirst().user()).contains("0");
  }

  @Test
  void theDirectoriesOfAMachineAreMadeOrSaidToBeMissing() {
    guest.shell = spec -> FakeGuest.result(1, "user:1000:1001:/home/node\n", "chown: not found");
    assertThatThrownBy(() -> GuestUser.settle(guest, "node"))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("make the directories of machine 'work'")
        .hasMessageContaining("exit code 1: chown: not found");
    guest.shell = spec -> FakeGuest.result(0, "user:1000:1001:/home/node\n", "");
    assertThat(GuestUser.settle(guest, "node")).isEqualTo(NODE);
  }

  @Test
  void whatTheImageLacksIsNamed() {
    assertThatThrownBy(() -> find(127, "")).hasMessageContaining("has no shell at /bin/sh");
    assertThatThrownBy(() -> find(0, ""))
        .isInstanceOf(BottleException.class)
        .hasMessage(
            "the image of machine 'work' has no user 'node', which agents work as; add one to the"
                + " image (useradd -m node)");
    assertThatThrownBy(() -> find(0, "user:1000:1000:/home/node\nlacks:mkdir\nlacks:rm\n"))
        .hasMessageContaining("lacks mkdir and rm");
  }

  @Test
  void aListOfUsersThatMakesNoSenseIsRefused() {
    for (String line :
        List.of(
            "user:-1:0:/home/node",
            "user:99999999999:0:/home/node",
            "user:1:1:relative",
            "user:1:1:/home/../etc",
            "user:1:1:/home/a b",
            "user:1:1:",
            "user:1")) {
      assertThatThrownBy(() -> find(0, line + "\n"))
          .as(line)
          .isInstanceOf(BottleException.class)
          .hasMessageContaining("in /etc/passwd");
    }
  }

  // The prompt.

  @Test
  void thePromptIsItsOwnersAlwaysWrittenAndLeftOutOfAFreeze() throws Exception {
    assertThat(PromptFile.put(guest, NODE, "Be brief.\n", injected))
        .contains("/home/node/.carafe/prompt.md");
    Path file = guest.at("/home/node/.carafe/prompt.md");
    assertThat(file).hasContent("Be brief.\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(guest.copies.getFirst().uid()).hasValue(1000);
    assertThat(guest.copies.getFirst().gid()).hasValue(1001);
    assertThat(PromptFile.put(guest, NODE, " \n", injected)).isEmpty();
    assertThat(file).hasContent(" \n");
    assertThat(injected.paths()).containsExactly("/home/node/.carafe");
    assertThat(guest.commands).as("they are seen by everybody there, and slow").isEmpty();
  }

  @Test
  void whatTheGuestSaysOfAFailureIsShownWithoutWhatSteersATerminal() {
    guest.shell = spec -> FakeGuest.result(1, "", "no\u001b[2Jspace\n");
    assertThatThrownBy(() -> GuestFiles.put(guest, NODE, "/home/node/.x/y", new byte[] {1}, 0600))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("exit code 1: no?[2Jspace");
  }

  // Skills.

  private Path skill(Path top, String name) throws Exception {
    Path skill = Files.createDirectories(top.resolve(name));
    Files.writeString(skill.resolve("SKILL.md"), "of " + top.getParent().getFileName());
    return skill;
  }

  private Skills skills(Origin origin, String... names) {
    Agent agent =
        new Agent(
            "me",
            origin,
            directory.resolve("me.md"),
            "",
            List.of(),
            List.of(names),
            new GitUser(Optional.empty(), Optional.empty()));
    return Skills.find(agent, places(), directory.resolve("home"));
  }

  private ManifestPlaces places() {
    return new ManifestPlaces(directory.resolve("config"), directory.resolve("repository"));
  }

  @Test
  void skillsAreTheUsersFirstAndReplaceWhatIsThere() throws Exception {
    skill(directory.resolve("config/skills"), "review");
    skill(directory.resolve("home/.claude/skills"), "review");
    skill(directory.resolve("home/.claude/skills"), "test");
    Skills found = skills(Origin.USER, "review", "test");
    found.put(guest, NODE, "/home/node/.claude/skills", injected);
    assertThat(guest.at("/home/node/.claude/skills/review/SKILL.md")).hasContent("of config");
    assertThat(guest.at("/home/node/.claude/skills/test/SKILL.md")).hasContent("of .claude");
    assertThat(injected.paths())
        .containsExactly("/home/node/.claude/skills/review", "/home/node/.claude/skills/test");
    assertThat(guest.commands.getLast().argv())
        .endsWith("/home/node/.claude/skills/review", "/home/node/.claude/skills/test");
    assertThat(guest.copies).allMatch(options -> options.uid().getAsInt() == 1000);
  }

  @Test
  void aRepositorysSkillsAreForItsOwnAgentsOnly() throws Exception {
    skill(directory.resolve("repository/.carafe/skills"), "build");
    assertThat(skills(Origin.REPOSITORY, "build").all())
        .singleElement()
        .matches(skill -> skill.origin() == Origin.REPOSITORY);
    assertThatThrownBy(() -> skills(Origin.USER, "build"))
        .isInstanceOf(BottleException.class)
        .hasMessageStartingWith("the agent 'me' has the skill 'build', which is in none of ");
  }

  @Test
  void noLinkIsFollowedInARepository() throws Exception {
    Path secrets = Files.createDirectories(directory.resolve("secrets"));
    Path skills = Files.createDirectories(directory.resolve("repository/.carafe/skills"));
    Files.createSymbolicLink(skills.resolve("leak"), secrets);
    assertThatThrownBy(() -> skills(Origin.REPOSITORY, "leak")).hasMessageContaining("'leak'");
    Files.delete(skills.resolve("leak"));
    Files.delete(skills);
    Files.createDirectory(secrets.resolve("leak"));
    Files.createSymbolicLink(skills, secrets);
    assertThatThrownBy(() -> skills(Origin.REPOSITORY, "leak")).hasMessageContaining("'leak'");
  }

  @Test
  void linksInASkillStayLinks() throws Exception {
    Path skill = skill(directory.resolve("config/skills"), "review");
    Path key = Files.writeString(directory.resolve("key"), "private");
    Files.createSymbolicLink(skill.resolve("link"), key);
    skills(Origin.USER, "review").put(guest, NODE, "/home/node/.claude/skills", injected);
    assertThat(guest.at("/home/node/.claude/skills/review/link")).isSymbolicLink();
  }

  @Test
  void aSkillThatIsMissingIsSaidWithTheNearestAndAllAtOnce() throws Exception {
    skill(directory.resolve("config/skills"), "review");
    assertThatThrownBy(() -> skills(Origin.USER, "reviews", "other"))
        .hasMessageContaining("did you mean 'review'?")
        .hasMessageContaining("'other'");
  }

  // Git.

  @Test
  void gitsAuthorTravelsAsArgumentsAndNothingElse() {
    GitUser author = new GitUser(Optional.of("A \"B\" $(c)"), Optional.of("a@example.com"));
    assertThat(GitIdentity.set(guest, NODE, author)).isTrue();
    assertThat(guest.commands.getFirst().argv())
        .endsWith(
            "/home/node",
            "A \"B\" $(c)",
            "a@example.com",
            "/home/node/workspace",
            """
            [user]
            \tname = "A \\"B\\" $(c)"
            \temail = "a@example.com"
            [safe]
            \tdirectory = "/home/node/workspace"
            """);
    assertThat(guest.commands.getFirst().user()).contains("node");
    assertThat(guest.commands.getLast().user()).contains("0");
    guest.shell = spec -> FakeGuest.result(3, "", "");
    assertThat(GitIdentity.set(guest, NODE, author)).isFalse();
  }

  @Test
  void aNameWithALineEndIsRefused() {
    GitUser author = new GitUser(Optional.of("A\n[core]\nsshCommand = x"), Optional.empty());
    assertThatThrownBy(() -> GitIdentity.set(guest, NODE, author))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("'git-gate.user.name' must be one line");
    assertThat(guest.commands).isEmpty();
  }
}
