package dev.carafe.bottle.provision;

import static dev.carafe.bottle.provision.FakeGuest.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.provision.Pull.Allowed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes back of a workspace that a hostile guest has worked in. */
class GuestChangesTest {
  private static final Set<Allowed> NOTHING = EnumSet.noneOf(Allowed.class);
  private static final Set<Allowed> ALL = EnumSet.allOf(Allowed.class);

  @TempDir Path directory;
  private FakeGuest guest;
  private Path work;
  private Path scratch;
  private Map<String, String> env;
  private WorkspaceState state;

  @BeforeEach
  void launch() throws Exception {
    guest = new FakeGuest(Files.createDirectory(directory.resolve("guest")));
    work = Files.createDirectories(directory.resolve("home/work"));
    scratch = Files.createDirectory(directory.resolve("scratch"));
    env = Map.of("HOME", directory.resolve("home").toString(), "PATH", "/usr/bin:/bin");
    here("same", "same\n");
    here("changed", "one\ntwo\n");
    here("deleted", "gone\n");
    here("sub/deep", "deep\n");
    here(".git/config", "[core]\n");
    state = Workspace.of(work, true, false, env).put(guest, NODE);
    guest.answerAboutFiles();
  }

  private void here(String name, String content) throws IOException {
    write(work.resolve(name), content);
  }

  private Path there(String name, String content) throws IOException {
    return write(guest.workspace().resolve(name), content);
  }

  private static Path write(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  private GuestChanges look(String... paths) {
    return GuestChanges.look(
        guest, NODE, new GuestChanges.Request(work, state, List.of(paths), false, scratch), env);
  }

  private List<String> changes(String... paths) {
    try (GuestChanges changes = look(paths)) {
      return changes.all().stream()
          .map(c -> c.kind() + " " + c.name() + (c.changedHere() ? " !" : ""))
          .toList();
    }
  }

  private Pull.Result pull(Set<Allowed> allowed, String... paths) {
    try (GuestChanges changes = look(paths)) {
      return Pull.apply(changes, allowed);
    }
  }

  private String diff(boolean terminal, String... paths) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GuestChanges changes = look(paths)) {
      WorkspaceDiff.write(changes, out, terminal, env);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private void work() throws IOException {
    there("changed", "one\n2\n");
    there("new/file", "new\n");
    Files.delete(guest.workspace().resolve("deleted"));
  }

  // Looking.

  @Test
  void whatWasAddedChangedAndDeletedIsSaidAndNothingIsDone() throws Exception {
    work();
    assertThat(changes()).containsExactly("CHANGED changed", "DELETED deleted", "ADDED new/file");
    assertThat(work.resolve("changed")).hasContent("one\ntwo\n");
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void anUntouchedWorkspaceHasNoChanges() {
    assertThat(changes()).isEmpty();
  }

  @Test
  void onlyWhatIsNamedIsLookedAt() throws Exception {
    work();
    assertThat(changes("new")).containsExactly("ADDED new/file");
    assertThat(changes("deleted", "sub")).containsExactly("DELETED deleted");
    assertThatThrownBy(() -> changes("nowhere")).hasMessageContaining("there is no 'nowhere'");
    for (String path : List.of("/etc", "..", "a/../../b", "", ".")) {
      assertThatThrownBy(() -> changes(path))
          .isInstanceOf(BottleException.class)
          .hasMessageContaining("is no path in the workspace");
    }
  }

  @Test
  void aPermissionThatMattersIsAChange() throws Exception {
    Path same = guest.workspace().resolve("same");
    Files.setPosixFilePermissions(same, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(changes()).containsExactly("CHANGED same");
    pull(Set.of(Allowed.OVERWRITE));
    assertThat(work.resolve("same")).isExecutable();
  }

  @Test
  void whatIsNewIsNobodyElsesToWriteAndHasNoMark() throws Exception {
    Files.setAttribute(there("new", "x"), "unix:mode", 06777);
    there("plain", "x");
    Files.setPosixFilePermissions(
        guest.workspace().resolve("plain"), PosixFilePermissions.fromString("rw-rw-rw-"));
    pull(Set.of());
    assertThat((Integer) Files.getAttribute(work.resolve("new"), "unix:mode") & 07022).isZero();
    assertThat(work.resolve("new")).isExecutable();
    assertThat((Integer) Files.getAttribute(work.resolve("plain"), "unix:mode") & 07133).isZero();
  }

  @Test
  void whatHasBeenChangedHereTooIsMarked() throws Exception {
    work();
    here("changed", "mine\n");
    here("new/file", "mine too\n");
    assertThat(changes())
        .containsExactly("CHANGED changed !", "DELETED deleted", "ADDED new/file !");
    here("changed", "one\n2\n");
    assertThat(changes()).doesNotContain("CHANGED changed");
  }

  @Test
  void directoriesThatCannotBeReadAreReadAndRemovedAllTheSame() throws Exception {
    Path closed = there("closed/file", "x").getParent();
    Files.setPosixFilePermissions(
        closed.resolve("file"), PosixFilePermissions.fromString("---------"));
    // The copy keeps what the guest has made of them.
    assertThat(changes()).containsExactly("ADDED closed/file");
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void newFilesThatGitIgnoresAreLeftOutUnlessAskedFor() throws Exception {
    HostCommands.git(work, directory.resolve("home"), "init", "-q");
    here(".gitignore", "modules/\n");
    there("modules/x", "");
    there("kept", "");
    try (GuestChanges changes = look()) {
      assertThat(changes.all())
          .extracting(Change::name)
          .contains("kept")
          .doesNotContain("modules/x");
      assertThat(changes.notes()).containsExactly("1 new file that git ignores is left out");
    }
    GuestChanges.Request all = new GuestChanges.Request(work, state, List.of(), true, scratch);
    try (GuestChanges changes = GuestChanges.look(guest, NODE, all, env)) {
      assertThat(changes.all()).extracting(Change::name).contains("modules/x");
    }
  }

  // Git's own files.

  @Test
  void hooksAndSettingsOfGitAreLeftOutUnlessTheyAreNamed() throws Exception {
    there(".git/hooks/post-checkout", "#!/bin/sh\nrun\n");
    there(".git/config", "[core]\nfsmonitor = run\n");
    there("sub/.git/config", "x");
    there("sub/.GIT/config", "x");
    Files.writeString(guest.workspace().resolve("new.txt"), "x");
    assertThat(changes()).containsExactly("ADDED new.txt");
    assertThat(changes("sub")).isEmpty();
    assertThat(changes(".git/hooks")).containsExactly("ADDED .git/hooks/post-checkout");
    // Here it is another one, and nobody knows which is older.
    assertThat(changes(".git")).contains("ADDED .git/config !");
  }

  @Test
  void whatGitTakesForARepositoryUnderAnotherNameIsLeftOut() throws Exception {
    for (String name : List.of("HEAD", "config", "objects/x", "refs/x")) {
      there("innocent/" + name, "x");
    }
    try (GuestChanges changes = look()) {
      assertThat(changes.all()).isEmpty();
      assertThat(changes.notes()).singleElement().asString().startsWith("'innocent' is left out");
    }
  }

  @Test
  void theWorkspaceItselfIsNoRepositoryByTheGuestsWill() throws Exception {
    for (String name : List.of("HEAD", "config", "objects/x", "refs/x")) {
      there(name, "x");
    }
    try (GuestChanges changes = look()) {
      assertThat(changes.all()).isEmpty();
      assertThat(changes.notes())
          .singleElement()
          .asString()
          .startsWith("the workspace itself is left out");
    }
  }

  @Test
  void aRepositoryInTwoPlacesOrTwoStepsIsOneToo() throws Exception {
    for (String name : List.of("HEAD", "commondir", "config.worktree")) {
      there("split/" + name, "x");
    }
    there("later/HEAD", "x");
    here("later/objects/x", "x");
    here("later/refs/x", "x");
    try (GuestChanges changes = look()) {
      assertThat(changes.all()).noneMatch(change -> change.name().contains("HEAD"));
      assertThat(changes.notes())
          .anyMatch(note -> note.startsWith("'split' is left out"))
          .anyMatch(note -> note.startsWith("'later' is left out"));
    }
  }

  // Bringing back.

  @Test
  void onlyWhatIsNewComesBackWithoutBeingAllowedMore() throws Exception {
    work();
    Pull.Result result = pull(NOTHING);
    assertThat(work.resolve("new/file")).hasContent("new\n");
    assertThat(work.resolve("changed")).hasContent("one\ntwo\n");
    assertThat(work.resolve("deleted")).exists();
    assertThat(result.done()).extracting(Change::name).containsExactly("new/file");
    assertThat(result.left())
        .containsExactly(
            "'changed' would be overwritten",
            "'deleted' was deleted in the guest, and is kept here");
  }

  @Test
  void whatIsAllowedIsDone() throws Exception {
    work();
    pull(Set.of(Allowed.OVERWRITE));
    assertThat(work.resolve("changed")).hasContent("one\n2\n");
    assertThat(work.resolve("deleted")).exists();
    pull(Set.of(Allowed.DELETE));
    assertThat(work.resolve("deleted")).doesNotExist();
    assertThat(changes()).isEmpty();
  }

  @Test
  void whatHasBeenChangedHereIsNotLostByAccident() throws Exception {
    work();
    here("changed", "mine\n");
    assertThat(pull(EnumSet.of(Allowed.OVERWRITE, Allowed.DELETE)).left())
        .containsExactly("'changed' has been changed here, too");
    assertThat(work.resolve("changed")).hasContent("mine\n");
    pull(ALL);
    assertThat(work.resolve("changed")).hasContent("one\n2\n");
  }

  @Test
  void whatChangesHereBetweenLookingAndTakingStays() throws Exception {
    work();
    try (GuestChanges changes = look()) {
      here("changed", "just now\n");
      assertThat(Pull.apply(changes, ALL).left())
          .containsExactly("'changed' has been changed here just now");
    }
    assertThat(work.resolve("changed")).hasContent("just now\n");
  }

  @Test
  void nothingIsWrittenThroughALinkOfThisHost() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.createSymbolicLink(work.resolve("elsewhere"), outside);
    there("elsewhere/file", "x");
    assertThat(pull(ALL).left())
        .containsExactly(
            "'elsewhere/file' is below what is no directory here, but a link or a file");
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aLinkInPlaceOfAFileIsReplacedAndNotFollowed() throws Exception {
    Path outside = Files.writeString(directory.resolve("outside"), "mine");
    there("new", "theirs");
    Files.createSymbolicLink(work.resolve("new"), outside);
    pull(ALL);
    assertThat(work.resolve("new")).isRegularFile().hasContent("theirs");
    assertThat(Files.isSymbolicLink(work.resolve("new"))).isFalse();
    assertThat(outside).hasContent("mine");
  }

  @Test
  void linksThatLeadOutOrToGitStayInTheGuest() throws Exception {
    for (Map.Entry<String, String> link :
        Map.of(
                "a", "/etc/passwd",
                "b", "../../.ssh/authorized_keys",
                "sub/c", "../../x",
                "d", ".git/hooks/pre-commit",
                "e", "sub/../../x",
                "f", "sub/.Git/config",
                "g", "sub/deep",
                "h", "g/../../x")
            .entrySet()) {
      Files.createSymbolicLink(guest.workspace().resolve(link.getKey()), Path.of(link.getValue()));
    }
    Pull.Result result = pull(ALL);
    assertThat(result.done()).extracting(Change::name).containsExactly("g");
    assertThat(result.left())
        .hasSize(7)
        .allMatch(line -> line.contains("is a link that leads out"));
    assertThat(Files.readSymbolicLink(work.resolve("g"))).hasToString("sub/deep");
  }

  @Test
  void aDirectoryHereIsNotReplacedByAFile() throws Exception {
    Files.createDirectories(work.resolve("place/with"));
    there("place", "file");
    assertThat(pull(ALL).left()).containsExactly("'place' is a directory here");
  }

  @Test
  void aFileWithoutEndIsNeitherReadNorBroughtBack() throws Exception {
    try (RandomAccessFile file =
        new RandomAccessFile(guest.workspace().resolve("changed").toFile(), "rw")) {
      file.setLength(5L << 30);
    }
    try (GuestChanges changes = look("changed")) {
      assertThat(changes.all()).hasSize(1);
    }
  }

  // Showing.

  @Test
  void theDiffIsOfWhatWasCopiedInAndWhatIsThereNow() throws Exception {
    work();
    assertThat(diff(false))
        .contains("diff --git a/changed b/changed", "-two\n+2\n")
        .contains("deleted file mode", "-gone")
        .contains("+++ b/new/file\n@@ -0,0 +1 @@\n+new\n")
        .doesNotContain("same", "\u001b", "scratch");
    assertThat(diff(false, "sub")).isEmpty();
  }

  @Test
  void noAttributeOfTheGuestsHidesAChangeOrRunsAProgram() throws Exception {
    there(".gitattributes", "* -diff\n* diff=x\n* -text binary\n");
    there("sub/.gitattributes", "* binary\n");
    there("sub/deep", "changed\n");
    assertThat(diff(false)).contains("-deep\n+changed\n").doesNotContain("Binary files");
  }

  @Test
  void onATerminalTheDiffHasColoursAndNothingElseSteersIt() throws Exception {
    there("changed", "one\n\u001b]0;title\u0007\u202eback\n");
    assertThat(diff(true))
        .contains("\u001b[31m-two\u001b[m\n")
        .contains("\u001b[32m+<1b>]0;title<7><202e>back\u001b[m\n");
  }

  @Test
  void hostileNamesAreShownWithoutWhatSteersATerminal() throws Exception {
    there("a\u001b[2Jb\nc", "x\n");
    there("--output=x", "x\n");
    assertThat(changes()).contains("ADDED a?[2Jb?c");
    assertThat(diff(true)).doesNotContain("\u001b[2J").contains("--output=x");
    pull(NOTHING);
    try (Stream<Path> files = Files.list(work)) {
      assertThat(files.filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))).hasSize(5);
    }
  }

  @Test
  void linksAreShownAsLinks() throws Exception {
    Files.createSymbolicLink(guest.workspace().resolve("link"), Path.of("/etc/passwd"));
    assertThat(diff(false))
        .contains("new file mode 120000", "+/etc/passwd")
        .doesNotContain("root:");
  }
}
