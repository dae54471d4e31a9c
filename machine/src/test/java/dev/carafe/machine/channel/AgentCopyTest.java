package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies in both directions, against the real agent, whose guest is this host. */
@Timeout(120)
class AgentCopyTest {
  @TempDir Path temp;
  private Agent agent;
  private Channel channel;
  private Path host;
  private Path guest;
  private Path out;

  @BeforeEach
  void start() throws Exception {
    agent = new Agent(Files.createDirectory(temp.resolve("agent")));
    channel = agent.channel();
    host = Files.createDirectory(temp.resolve("host"));
    guest = Files.createDirectory(temp.resolve("guest"));
    out = Files.createDirectory(temp.resolve("out"));
  }

  @AfterEach
  void stop() {
    channel.close();
    agent.close();
  }

  /** Everything that a copy keeps, by path. */
  private static Map<String, String> describe(Path top) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(top)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        HostFiles.Status status = HostFiles.status(path);
        String what = Integer.toOctalString(status.mode());
        if (status.type() == HostFiles.SYMBOLIC_LINK) {
          what += " " + Files.readSymbolicLink(path);
        } else if (status.type() == HostFiles.REGULAR) {
          what += " " + Files.size(path) + " " + Arrays.hashCode(Files.readAllBytes(path));
        }
        all.put(top.relativize(path).toString(), what + " " + status.modified());
      }
    }
    return all;
  }

  private static void assertCopyError(ThrowingCallable copy, String... parts) {
    assertThatThrownBy(copy)
        .isInstanceOfSatisfying(
            MachineException.class,
            e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.COPY))
        .message()
        .contains(parts);
  }

  /** A copy that fails leaves nothing, not even of its own. */
  private void assertNothingIn(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      assertThat(entries).isEmpty();
    }
  }

  /** Whatever the character set of this process is. */
  private static Path utf8(String name) {
    return Names.path(name.getBytes(StandardCharsets.UTF_8));
  }

  private Path sampleTree() throws Exception {
    Path tree = Files.createDirectory(host.resolve("tree"));
    Path deep = Files.createDirectories(tree.resolve("a/b/c"));
    Files.writeString(tree.resolve("empty"), "");
    Files.writeString(deep.resolve("script"), "#!/bin/sh\n");
    Files.setAttribute(deep.resolve("script"), "unix:mode", 0751);
    byte[] bytes = new byte[3_000_001];
    new Random(2).nextBytes(bytes);
    Files.write(tree.resolve("large"), bytes);
    Files.createLink(tree.resolve("a/second-name"), tree.resolve("large"));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("a/../../elsewhere"));
    Files.createSymbolicLink(tree.resolve(utf8("übel")), utf8("/nowhere/ä"));
    Files.createDirectory(tree.resolve("closed"));
    Files.writeString(tree.resolve("closed/in"), "x");
    Files.setAttribute(tree.resolve("closed"), "unix:mode", 0500);
    FileTime time = FileTime.from(Instant.ofEpochSecond(1_234_567_890, 123_456_789));
    for (String name : List.of("large", "a/b/c/script", "a/b", "closed", "")) {
      Files.setLastModifiedTime(tree.resolve(name), time);
    }
    return tree;
  }

  @Test
  void aTreeComesBackAsItWentIn() throws Exception {
    Path tree = sampleTree();
    channel.put(tree, guest + "/in", CopyOptions.DEFAULT);
    assertThat(describe(guest.resolve("in"))).isEqualTo(describe(tree));
    channel.get(guest + "/in", out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(describe(out.resolve("back"))).isEqualTo(describe(tree));
    assertThat(HostFiles.status(out.resolve("back/large")).links()).isEqualTo(2);
    assertThat(HostFiles.status(out.resolve("back/large")).inode())
        .isEqualTo(HostFiles.status(out.resolve("back/a/second-name")).inode());
    assertThat(Files.list(out)).containsExactly(out.resolve("back"));
  }

  @Test
  void aSingleFileComesBackAsItWentIn() throws Exception {
    Path file = Files.writeString(host.resolve("file"), "hello");
    channel.put(file, guest + "/new/directory/file", CopyOptions.DEFAULT);
    channel.get(guest + "/new/directory/file", out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(out.resolve("back")).hasContent("hello");
    Files.writeString(file, "changed");
    channel.put(file, guest + "/new/directory/file", CopyOptions.DEFAULT);
    channel.get(guest + "/new/directory/file", out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(out.resolve("back")).hasContent("changed");
  }

  @Test
  void anExistingDirectoryGetsTheCopyInsideWhenAsked() throws Exception {
    Path file = Files.writeString(host.resolve("file"), "hello");
    CopyOptions inside = CopyOptions.DEFAULT.withIntoDirectory();
    channel.put(file, guest.toString(), inside);
    assertThat(guest.resolve("file")).hasContent("hello");
    channel.get(guest + "/file", out, inside);
    assertThat(out.resolve("file")).hasContent("hello");
    channel.get(guest.toString(), out.resolve("new"), inside);
    assertThat(out.resolve("new/file")).hasContent("hello");
  }

  @Test
  void ownersAndModesOfACopyInAreWhatWasAsked() throws Exception {
    Path file = Files.writeString(host.resolve("file"), "hello");
    int self = HostFiles.status(temp).uid();
    channel.put(file, guest + "/file", CopyOptions.DEFAULT.withOwner(self, self).withMode(0640));
    HostFiles.Status status = HostFiles.status(guest.resolve("file"));
    assertThat(status.mode() & 07777).isEqualTo(0640);
    assertThat(status.uid()).isEqualTo(self);
  }

  @Test
  void anExistingDirectoryIsMergedFileByFile() throws Exception {
    Path tree = sampleTree();
    channel.put(tree, guest + "/in", CopyOptions.DEFAULT);
    Path back = Files.createDirectories(out.resolve("back"));
    Files.createDirectories(back.resolve("a/b"));
    Files.writeString(back.resolve("a/b/kept"), "kept");
    Files.writeString(back.resolve("large"), "replaced");
    Files.createSymbolicLink(back.resolve("empty"), temp.resolve("not-written"));
    Files.setAttribute(back.resolve("a"), "unix:mode", 0700);
    channel.get(guest + "/in", back, CopyOptions.DEFAULT);
    assertThat(back.resolve("a/b/kept")).hasContent("kept");
    assertThat(back.resolve("large")).hasSameBinaryContentAs(tree.resolve("large"));
    assertThat(back.resolve("empty")).isRegularFile().isEmptyFile();
    assertThat(HostFiles.status(back.resolve("empty")).type()).isEqualTo(HostFiles.REGULAR);
    assertThat(temp.resolve("not-written")).doesNotExist();
    assertThat(HostFiles.status(back.resolve("a")).mode() & 07777).isEqualTo(0700);
    assertThat(describe(back).get("closed")).isEqualTo(describe(tree).get("closed"));
    assertThat(describe(back).get("a/b/c")).isEqualTo(describe(tree).get("a/b/c"));
    try (Stream<Path> entries = Files.list(back)) {
      assertThat(entries.map(Path::getFileName).map(Path::toString))
          .containsExactlyInAnyOrder(
              "a", "empty", "large", "link", utf8("übel").toString(), "closed");
    }
  }

  @Test
  void noSymbolicLinkInTheDestinationIsFollowed() throws Exception {
    channel.put(sampleTree(), guest + "/in", CopyOptions.DEFAULT);
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    Path back = Files.createDirectory(out.resolve("back"));
    Files.createSymbolicLink(back.resolve("a"), elsewhere);
    assertCopyError(
        () -> channel.get(guest + "/in", back, CopyOptions.DEFAULT), back + "/a", "no directory");
    assertNothingIn(elsewhere);
    assertThat(Files.list(back)).containsExactly(back.resolve("a"));
    Path link = Files.createSymbolicLink(out.resolve("link"), elsewhere);
    assertCopyError(() -> channel.get(guest + "/in", link, CopyOptions.DEFAULT), "symbolic link");
    assertCopyError(
        () -> channel.get(guest + "/in/empty", link, CopyOptions.DEFAULT.withIntoDirectory()),
        "symbolic link");
    assertNothingIn(elsewhere);
  }

  @Test
  void holesStayHoles() throws Exception {
    Path sparse = host.resolve("sparse");
    try (FileChannel file =
        FileChannel.open(sparse, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1}), 50_000_000);
      file.write(ByteBuffer.wrap(new byte[] {0}), 99_999_999);
    }
    channel.put(sparse, guest + "/sparse", CopyOptions.DEFAULT);
    channel.get(guest + "/sparse", out.resolve("sparse"), CopyOptions.DEFAULT);
    assertThat(Files.mismatch(sparse, guest.resolve("sparse"))).isEqualTo(-1);
    assertThat(Files.mismatch(sparse, out.resolve("sparse"))).isEqualTo(-1);
    Process du = new ProcessBuilder("du", "-k", out.resolve("sparse").toString()).start();
    String kilobytes = new String(du.getInputStream().readAllBytes()).split("\t")[0];
    assertThat(Integer.parseInt(kilobytes)).isLessThan(1_000);
  }

  @Test
  void namesThatAreNoTextComeBackByteForByte() throws Exception {
    byte[] name = {'a', (byte) 0xff, (byte) 0xc3, '(', '%', '\n', ' ', (byte) 0x80};
    byte[] target = {'.', '/', (byte) 0xfe, 'z', '/'};
    Path tree = Files.createDirectory(host.resolve("tree"));
    Files.writeString(tree.resolve(Names.path(name)), "x");
    Files.createSymbolicLink(tree.resolve("link"), Names.path(target));
    channel.put(tree, guest + "/in", CopyOptions.DEFAULT);
    channel.get(guest + "/in", out.resolve("back"), CopyOptions.DEFAULT);
    Path back = out.resolve("back").resolve(Names.path(name));
    assertThat(back).hasContent("x");
    assertThat(Names.bytes(Files.readSymbolicLink(out.resolve("back/link")))).isEqualTo(target);
    try (Stream<Path> entries = Files.list(out.resolve("back"))) {
      assertThat(entries.map(Path::getFileName).map(Names::bytes))
          .anyMatch(n -> Arrays.equals(n, name));
    }
  }

  @Test
  void whatCannotBeReadIsNamed() throws Exception {
    Path tree = Files.createDirectory(host.resolve("tree"));
    assertThat(new ProcessBuilder("mkfifo", tree + "/pipe").start().waitFor()).isZero();
    assertCopyError(
        () -> channel.put(tree, guest + "/in", CopyOptions.DEFAULT), tree + "/pipe", "named pipe");
    assertCopyError(
        () -> channel.put(host.resolve("none"), guest + "/in", CopyOptions.DEFAULT),
        host + "/none",
        "no such file");
    assertCopyError(
        () -> channel.get(guest + "/none", out.resolve("none"), CopyOptions.DEFAULT),
        "No such file");
    assertCopyError(
        () -> channel.get(guest.toString(), out.resolve("no/parent"), CopyOptions.DEFAULT),
        "no such file");
    assertNothingIn(out);
    channel.sync(Duration.ofSeconds(60));
  }

  @Test
  void whatTheGuestCannotWriteIsSaidInItsWords() throws Exception {
    Path file = Files.writeString(host.resolve("file"), "hello");
    Files.writeString(guest.resolve("file"), "x");
    assertCopyError(
        () -> channel.put(file, guest + "/file/below", CopyOptions.DEFAULT), "Not a directory");
    byte[] large = new byte[3_000_000];
    Arrays.fill(large, (byte) 1);
    Files.write(file, large);
    assertCopyError(
        () -> channel.put(file, guest + "/file/below", CopyOptions.DEFAULT), "Not a directory");
  }

  @Test
  void aFileIsNotPutWhereADirectoryIsNorTheOtherWayRound() throws Exception {
    Files.writeString(guest.resolve("file"), "x");
    Path directory = Files.createDirectory(out.resolve("directory"));
    Path file = Files.writeString(out.resolve("file"), "kept");
    assertCopyError(
        () -> channel.get(guest + "/file", directory, CopyOptions.DEFAULT), "is a directory");
    assertCopyError(
        () -> channel.get(guest.toString(), file, CopyOptions.DEFAULT), "is no directory");
    assertThat(file).hasContent("kept");
    assertNothingIn(directory);
  }

  @Test
  void specialBitsAndDevicesDoNotLeaveTheGuest() throws Exception {
    Files.writeString(guest.resolve("set-id"), "x");
    Files.setAttribute(guest.resolve("set-id"), "unix:mode", 06755);
    assertThat(new ProcessBuilder("mkfifo", guest + "/pipe").start().waitFor()).isZero();
    channel.get(guest.toString(), out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(HostFiles.status(out.resolve("back/set-id")).mode() & 07777).isEqualTo(0755);
    assertThat(out.resolve("back/pipe")).doesNotExist();
    assertCopyError(
        () -> channel.get(guest + "/pipe", out.resolve("pipe"), CopyOptions.DEFAULT), "named pipe");
    assertThat(Files.exists(out.resolve("pipe"), LinkOption.NOFOLLOW_LINKS)).isFalse();
  }

  @Test
  void aLinkThatIsNamedItselfIsFollowed() throws Exception {
    Path file = Files.writeString(host.resolve("file"), "hello");
    Path link = Files.createSymbolicLink(host.resolve("link"), file);
    channel.put(link, guest + "/in", CopyOptions.DEFAULT);
    assertThat(HostFiles.status(guest.resolve("in")).type()).isEqualTo(HostFiles.REGULAR);
    Files.createSymbolicLink(guest.resolve("link"), Path.of("in"));
    channel.get(guest + "/link", out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(HostFiles.status(out.resolve("back")).type()).isEqualTo(HostFiles.REGULAR);
  }

  @Test
  void manySmallFilesAndDeepDirectoriesAreCopied() throws Exception {
    Path tree = Files.createDirectory(host.resolve("tree"));
    Path deep = tree;
    for (int i = 0; i < 200; i++) {
      deep = Files.createDirectory(deep.resolve("d" + i % 10));
      for (int j = 0; j < 10; j++) {
        Files.writeString(deep.resolve("f" + j), "content " + i + " " + j);
      }
    }
    channel.put(tree, guest + "/in", CopyOptions.DEFAULT);
    channel.get(guest + "/in", out.resolve("back"), CopyOptions.DEFAULT);
    assertThat(describe(out.resolve("back"))).isEqualTo(describe(tree));
  }

  @Test
  void whatTheFilterDoesNotTakeIsLeftOutWithAllBelowIt() throws Exception {
    Path tree = sampleTree();
    List<Path> asked = new ArrayList<>();
    CopyOptions options =
        CopyOptions.DEFAULT.withOnly(
            path -> {
              asked.add(path);
              return !path.equals(Path.of("a/b")) && !path.equals(Path.of("large"));
            });
    channel.put(tree, guest + "/in", options);
    Map<String, String> kept = describe(tree);
    kept.keySet().removeIf(name -> name.startsWith("a/b") || name.equals("large"));
    assertThat(describe(guest.resolve("in"))).isEqualTo(kept);
    assertThat(asked).doesNotContain(Path.of(""), Path.of("a/b/c")).doesNotHaveDuplicates();
  }
}
