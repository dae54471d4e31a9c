package dev.carafe.bottle.provision;

import static dev.carafe.bottle.provision.FakeGuest.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.BottleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which copy of a directory the agent works in. */
class WorkspaceTest {
  @TempDir Path directory;
  private FakeGuest guest;
  private Path work;
  private Map<String, String> env;

  @BeforeEach
  void make() throws Exception {
    guest = new FakeGuest(Files.createDirectory(directory.resolve("guest")));
    work = Files.createDirectories(directory.resolve("home/work"));
    env = Map.of("HOME", directory.resolve("home").toString(), "PATH", "/usr/bin:/bin");
  }

  private void git(String... arguments) throws Exception {
    HostCommands.git(work, directory.resolve("home"), arguments);
  }

  private List<String> copied() throws IOException {
    try (Stream<Path> paths = Files.walk(guest.workspace())) {
      return paths
          .filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .map(path -> guest.workspace().relativize(path).toString())
          .filter(path -> !path.startsWith(".git/"))
          .sorted()
          .toList();
    }
  }

  private void write(String name, String content) throws IOException {
    Files.createDirectories(work.resolve(name).getParent());
    Files.writeString(work.resolve(name), content);
  }

  @Test
  void allOfADirectoryThatIsNoRepositoryIsCopied() throws Exception {
    write("a/b.txt", "b");
    write(".gitignore", "a/\n");
    WorkspaceState state = Workspace.of(work, false, false, env).put(guest, NODE);
    assertThat(copied()).containsExactly(".gitignore", "a/b.txt");
    assertThat(state.count()).isEqualTo(2);
    assertThat(guest.copies.getFirst().uid()).hasValue(1000);
  }

  @Test
  void whatGitIgnoresIsLeftOutAndGitsOwnFilesAreNot() throws Exception {
    git("init", "-q");
    write(".gitignore", "*.log\n/out/\n");
    write("kept.log", "tracked although it is ignored");
    git("add", "-f", "kept.log");
    write("new.txt", "not tracked yet");
    write("noise.log", "");
    write("out/x", "");
    write("sub/.gitignore", "secret\n");
    write("sub/secret", "");
    write("sub/öffentlich und lang", "");
    Workspace.of(work, false, false, env).put(guest, NODE);
    assertThat(copied())
        .containsExactly(
            ".gitignore", "kept.log", "new.txt", "sub/.gitignore", "sub/öffentlich und lang");
    assertThat(guest.workspace().resolve(".git/HEAD")).exists();
    assertThat(guest.workspace().resolve("out")).doesNotExist();
    Workspace.of(work, true, false, env).put(guest, NODE);
    assertThat(copied()).contains("noise.log", "out/x", "sub/secret");
  }

  @Test
  void aDirectoryThatTheRepositoryAroundItIgnoresIsCopiedWhole() throws Exception {
    git("init", "-q");
    write(".gitignore", "target/\n*.log\n");
    write("target/work/file", "x");
    write("target/work/noise.log", "");
    Workspace within = Workspace.of(work.resolve("target/work"), false, false, env);
    within.put(guest, NODE);
    assertThat(copied()).containsExactly("file", "noise.log");
    assertThat(within.notes()).anyMatch(note -> note.contains("ignored by the repository around"));
  }

  @Test
  void aRepositoryWithinIsCopiedWhole() throws Exception {
    git("init", "-q");
    Path within = Files.createDirectory(work.resolve("within"));
    HostCommands.git(within, directory.resolve("home"), "init", "-q");
    Files.writeString(within.resolve("file"), "x");
    Workspace.of(work, false, false, env).put(guest, NODE);
    assertThat(guest.workspace().resolve("within/file")).hasContent("x");
    assertThat(guest.workspace().resolve("within/.git/HEAD")).exists();
  }

  @Test
  void noProgramOfARepositorysChoiceIsRunToFetchWhatItLacks() throws Exception {
    git("init", "-q");
    write("sub/.gitignore", "ignored\n");
    write("sub/new", "new\n");
    git("add", "sub/.gitignore");
    git("update-index", "--skip-worktree", "sub/.gitignore");
    Files.delete(work.resolve("sub/.gitignore"));
    try (Stream<Path> objects = Files.walk(work.resolve(".git/objects"))) {
      for (Path object : objects.filter(Files::isRegularFile).toList()) {
        Files.delete(object);
      }
    }
    Path mark = directory.resolve("ran");
    git("config", "core.repositoryFormatVersion", "1");
    git("config", "extensions.partialClone", "origin");
    git("config", "remote.origin.url", "ssh://x/y");
    git("config", "remote.origin.promisor", "true");
    git("config", "core.sshCommand", "touch " + mark + "; false");
    Workspace.of(work, false, false, env);
    assertThat(mark).doesNotExist();
  }

  @Test
  void linksAreCopiedAndNeverFollowed() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("key"), "private");
    Files.createSymbolicLink(work.resolve("link"), outside);
    WorkspaceState state = Workspace.of(work, false, false, env).put(guest, NODE);
    assertThat(guest.workspace().resolve("link")).isSymbolicLink();
    assertThat(state.at(Path.of("link")).kind()).isEqualTo('l');
    assertThat(state.at(Path.of("link/key"))).isEqualTo(FileState.NOTHING);
  }

  @Test
  void theHomeDirectoryIsRefusedUnlessItIsForced() {
    for (Path each : List.of(work.getParent(), directory, Path.of("/"))) {
      assertThatThrownBy(() -> Workspace.of(each, true, false, env))
          .as(each.toString())
          .isInstanceOf(BottleException.class)
          .hasMessageContaining("all your keys would be in the bottle");
    }
    assertThat(Workspace.of(work.getParent(), true, true, env).directory().toString())
        .endsWith("home");
  }

  @Test
  void whatIsNoDirectoryIsASentence() {
    assertThatThrownBy(() -> Workspace.of(directory.resolve("none"), true, false, env))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("cannot be read; is there such a directory?");
  }

  @Test
  void withoutGitNobodyKnowsWhatIsIgnored() throws Exception {
    git("init", "-q");
    Map<String, String> none = Map.of("HOME", "/root", "PATH", directory.toString());
    assertThatThrownBy(() -> Workspace.of(work, false, true, none))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("without git on this host nobody knows what it ignores");
    assertThat(Workspace.of(work, true, true, none).notes()).isEmpty();
  }

  @Test
  void aCredentialInGitsSettingsIsSaidWithoutItsValue() throws Exception {
    git("init", "-q");
    git("remote", "add", "origin", "https://me:a-secret-password@git.example.com/x.git");
    List<String> notes = Workspace.of(work, false, false, env).notes();
    assertThat(notes)
        .singleElement()
        .asString()
        .contains("/.git/config:", "looks like a credential");
    assertThat(notes.getFirst()).doesNotContain("a-secret-password");
  }

  @Test
  void anAuthorThatTheRepositoryNamesItselfIsSaid() throws Exception {
    write("file", "x");
    git("init", "-q");
    git("config", "user.email", "me@example.com");
    git("config", "core.name", "not an author");
    assertThat(Workspace.of(work, false, false, env).notes())
        .singleElement()
        .asString()
        .endsWith(": for git in the bottle this comes before the author that your files name");
  }

  @Test
  void whatWasCopiedIsRememberedByteForByte() throws Exception {
    write("plain", "x");
    write("with blank\nand line end", "y");
    write("ünïcode", "z");
    write(".git/hooks/x", "not this");
    Files.createSymbolicLink(work.resolve("link"), Path.of("../ünïcode"));
    Path odd = HostGit.path(new byte[] {'o', (byte) 0xff, 'd'}, 0, 3);
    Files.writeString(work.resolve(odd), "w");
    Files.setPosixFilePermissions(
        work.resolve("plain"), PosixFilePermissions.fromString("rwxr-xr-x"));
    WorkspaceState state = Workspace.of(work, true, false, env).put(guest, NODE);
    Path file = directory.resolve("workspace");
    state.write(file);
    assertThat(WorkspaceState.read(file).files()).isEqualTo(state.files());
    assertThat(state.files()).hasSize(5).containsKey(odd);
    assertThat(state.at(Path.of("plain")).kind()).isEqualTo('x');
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String text = Files.readString(file);
    Files.writeString(file, text.substring(0, text.length() - 8));
    assertThatThrownBy(() -> WorkspaceState.read(file)).hasMessageContaining("is damaged");
  }
}
