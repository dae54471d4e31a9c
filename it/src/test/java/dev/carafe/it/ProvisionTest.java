package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.Agent;
import dev.carafe.bottle.manifest.GitUser;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.Origin;
import dev.carafe.bottle.provision.Change;
import dev.carafe.bottle.provision.GitIdentity;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.bottle.provision.GuestUser;
import dev.carafe.bottle.provision.Injected;
import dev.carafe.bottle.provision.PromptFile;
import dev.carafe.bottle.provision.Pull;
import dev.carafe.bottle.provision.Skills;
import dev.carafe.bottle.provision.Unpulled;
import dev.carafe.bottle.provision.Workspace;
import dev.carafe.bottle.provision.WorkspaceDiff;
import dev.carafe.bottle.provision.WorkspaceState;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a real machine is given for an agent, and what comes back out of it when it is hostile. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ProvisionTest {
  private static final Machines MACHINES = Lab.machines();
  private static final int SMALL_FILES = 20_000;
  private static final int LARGE_BYTES = 20 << 20;

  private static Machine machine;
  private static GuestUser node;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    machine = Lab.started(MACHINES, "provision");
    assertThatThrownBy(() -> GuestUser.find(machine, "node"))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("has no user 'node'");
    root("useradd -m -u 1234 node");
    node = GuestUser.find(machine, "node");
  }

  @AfterAll
  static void delete() {
    machine.delete();
    MACHINES.close();
  }

  private static String root(String script) {
    return run("root", "/", script);
  }

  private static String agent(String script) {
    return run("node", "/home/node", script);
  }

  private static String run(String user, String at, String script) {
    ExecResult result = machine.run(ExecSpec.shell(script).withUser(user).withDirectory(at));
    assertThat(result.exitCode()).as(script + "\n" + result.out() + result.err()).isZero();
    return result.out();
  }

  private Map<String, String> env() {
    return Map.of("HOME", directory.toString(), "PATH", System.getenv("PATH"));
  }

  private void git(Path repository, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("git", "-C", repository.toString()));
    command.addAll(List.of("-c", "user.name=T", "-c", "user.email=t@example.com"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  /** A fresh workspace in the guest, which is a copy of this one. */
  private WorkspaceState put(Path work, boolean ignored) {
    root("rm -rf /home/node/workspace");
    return Workspace.of(work, ignored, false, env()).put(machine, node);
  }

  private GuestChanges look(Path work, WorkspaceState state, String... paths) throws IOException {
    Path scratch = directory.resolve("scratch");
    Files.createDirectories(scratch);
    return GuestChanges.look(
        machine, node, new GuestChanges.Request(work, state, List.of(paths), true, scratch), env());
  }

  @Test
  void theUserIsTheOneOfTheImage() {
    assertThat(node.uid()).isEqualTo(1234);
    assertThat(node.home()).isEqualTo("/home/node");
  }

  @Test
  void promptSkillsAndGitsAuthorAreTheAgentsOwn() throws Exception {
    Injected injected = new Injected();
    assertThat(PromptFile.put(machine, node, "Be brief.\n", injected))
        .contains("/home/node/.carafe/prompt.md");
    assertThat(agent("cat .carafe/prompt.md; stat -c '%a %U %n' .carafe .carafe/prompt.md"))
        .isEqualTo("Be brief.\n700 node .carafe\n600 node .carafe/prompt.md\n");

    Path skill = Files.createDirectories(directory.resolve("config/skills/review/scripts"));
    Files.writeString(skill.resolveSibling("SKILL.md"), "Review.\n");
    Path program = Files.writeString(skill.resolve("run"), "#!/bin/sh\necho ran\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    agent("mkdir -p .claude/skills/review; touch .claude/skills/review/old");
    Agent declared =
        new Agent(
            "me",
            Origin.USER,
            directory.resolve("me.md"),
            "",
            List.of(),
            List.of("review"),
            new GitUser(Optional.empty(), Optional.empty()));
    Skills.find(
            declared,
            new ManifestPlaces(directory.resolve("config"), directory.resolve("repository")),
            directory)
        .put(machine, node, "/home/node/.claude/skills", injected);
    assertThat(agent(".claude/skills/review/scripts/run; ls -A .claude/skills/review"))
        .isEqualTo("ran\nSKILL.md\nscripts\n");
    assertThat(agent("find .claude .carafe ! -user node")).isEmpty();
    assertThat(injected.paths())
        .containsExactly("/home/node/.carafe", "/home/node/.claude/skills/review");

    // Written by the shell, and then, when there is a file already, by git.
    for (String name : List.of("Ä \"B\" $(id) \\ #", "Another")) {
      GitUser author = new GitUser(Optional.of(name), Optional.of("a@example.com"));
      assertThat(GitIdentity.set(machine, node, author)).isTrue();
      assertThat(agent("git config user.name; git config user.email; git config safe.directory"))
          .isEqualTo(name + "\na@example.com\n/home/node/workspace\n");
    }
    assertThat(root("HOME=/root git config --get-all safe.directory"))
        .isEqualTo("/home/node/workspace\n");
  }

  @Test
  void aRepositoryIsCleanInsideAndItsChangesComeBack() throws Exception {
    Path work = Files.createDirectories(directory.resolve("work"));
    git(work, "init", "-q", "-b", "main");
    Files.writeString(work.resolve(".gitignore"), "ignored/\n");
    Files.writeString(work.resolve("one"), "one\n");
    Files.writeString(work.resolve("two"), "two\n");
    Files.createSymbolicLink(work.resolve("link"), Path.of("one"));
    Files.createSymbolicLink(work.resolve("out"), directory.resolve("private"));
    Files.writeString(directory.resolve("private"), "private");
    Path program = Files.writeString(work.resolve("program"), "#!/bin/sh\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    Files.createDirectory(work.resolve("ignored"));
    Files.writeString(work.resolve("ignored/key"), "secret");
    git(work, "add", ".");
    git(work, "commit", "-qm", "first");
    PromptFile.put(machine, node, "Be brief.\n", new Injected());
    WorkspaceState state = put(work, false);
    Unpulled.copied(machine, node);
    String inside = "cd workspace && ";
    assertThat(agent(inside + "git status --porcelain")).isEmpty();
    assertThat(agent(inside + "find . ! -user node; test ! -e ignored; test -L out; test ! -e out"))
        .isEmpty();
    GitIdentity.set(machine, node, new GitUser(Optional.empty(), Optional.empty()));
    assertThat(root("cd /home/node/workspace && git status --porcelain")).isEmpty();
    try (GuestChanges none = look(work, state)) {
      assertThat(none.all()).isEmpty();
    }
    assertThat(unpulled()).isFalse();
    agent(inside + "rm two");
    assertThat(unpulled()).as("something was deleted").isTrue();

    agent(
        inside
            + "echo 1 >one; mkdir new; echo new >new/file; echo '* -diff' >.gitattributes;"
            + "ln -s /etc/passwd evil; ln -s .git/config sly; mkdir closed; echo x >closed/x; chmod 0 closed/x closed;"
            + "printf '#!/bin/sh\\n' >.git/hooks/post-checkout; git config core.fsmonitor evil;"
            + "echo x >\"$(printf 'a\\033[2Jb\\nc')\"; echo y >\"$(printf '\\377')\"; mkfifo pipe;"
            + "truncate -s 100G huge");
    ByteArrayOutputStream diff = new ByteArrayOutputStream();
    Pull.Result result;
    try (GuestChanges changes = look(work, state)) {
      assertThat(changes.all())
          .extracting(Change::name)
          .contains("one", "two", "new/file", "evil", "sly", "a?[2Jb?c", "closed/x", "huge")
          .noneMatch(name -> name.startsWith(".git/"));
      WorkspaceDiff.write(changes, diff, true, env());
      result = Pull.apply(changes, EnumSet.allOf(Pull.Allowed.class));
    }
    assertThat(diff.toString(StandardCharsets.UTF_8))
        .contains("-one", "+1", "-two", "+new")
        .doesNotContain("\u001b[2J", "root:");
    assertThat(result.left())
        .hasSize(3)
        .anyMatch(line -> line.startsWith("'evil' is a link that leads out"))
        .anyMatch(line -> line.startsWith("'sly' is a link that leads out"))
        .anyMatch(line -> line.startsWith("'huge' is larger than"));
    assertThat(work.resolve("one")).hasContent("1\n");
    assertThat(work.resolve("two")).doesNotExist();
    assertThat(work.resolve("new/file")).hasContent("new\n");
    assertThat(work.resolve("ignored/key")).hasContent("secret");
    assertThat(Files.exists(work.resolve(".git/hooks/post-checkout"))).isFalse();
    assertThat(Files.exists(work.resolve("evil"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(unpulled()).as("some of it was left there").isTrue();
    agent(inside + "rm evil sly huge");
    try (GuestChanges changes = look(work, state)) {
      assertThat(Pull.apply(changes, EnumSet.allOf(Pull.Allowed.class)).left()).isEmpty();
    }
    assertThat(unpulled()).isFalse();
    try (GuestChanges changes = look(work, state)) {
      agent(inside + "touch -d 2001-01-01 old");
      look(work, state).close();
      Pull.apply(changes, EnumSet.allOf(Pull.Allowed.class));
    }
    assertThat(unpulled()).as("an old file came while the rest was brought back").isTrue();
    assertThat(directory.resolve("private")).hasContent("private");
    assertThat(directory.resolve("scratch")).isEmptyDirectory();
  }

  private boolean unpulled() {
    return Unpulled.in(machine, node.name(), node.home());
  }

  @Test
  void aLargeTreeIsCopied() throws Exception {
    Path work = Files.createDirectories(directory.resolve("large"));
    byte[] bytes = new byte[LARGE_BYTES / SMALL_FILES];
    Random random = new Random(3);
    for (int i = 0; i < SMALL_FILES; i++) {
      random.nextBytes(bytes);
      Path folder = work.resolve("d" + i / 100);
      if (i % 100 == 0) {
        Files.createDirectory(folder);
      }
      Files.write(folder.resolve("f" + i), bytes);
    }
    long begun = System.nanoTime();
    WorkspaceState state = put(work, false);
    say("copied in", begun);
    assertThat(state.count()).isEqualTo(SMALL_FILES);
    assertThat(agent("find workspace -type f | wc -l").strip())
        .isEqualTo(Integer.toString(SMALL_FILES));
    agent("echo more >>workspace/d7/f712; rm workspace/d8/f800");
    begun = System.nanoTime();
    try (GuestChanges changes = look(work, state)) {
      say("copied out and compared", begun);
      assertThat(changes.all()).extracting(Change::name).containsExactly("d7/f712", "d8/f800");
    }
    begun = System.nanoTime();
    try (GuestChanges changes = look(work, state, "d7")) {
      say("one directory of it", begun);
      assertThat(changes.all()).extracting(Change::name).containsExactly("d7/f712");
    }
    try (Stream<Path> left = Files.list(directory.resolve("scratch"))) {
      assertThat(left).isEmpty();
    }
  }

  private static void say(String what, long begun) {
    System.out.println(
        "· 20 MiB in "
            + SMALL_FILES
            + " files, "
            + what
            + ": "
            + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)
            + " ms");
  }
}
