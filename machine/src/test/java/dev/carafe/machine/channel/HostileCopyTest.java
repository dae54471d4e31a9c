package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Copies out of a guest that sends whatever may do harm. */
@Timeout(60)
class HostileCopyTest {
  @TempDir Path temp;
  private FakeGuest guest;
  private Channel channel;
  private Path out;

  @BeforeEach
  void connect() throws Exception {
    guest = new FakeGuest(temp);
    channel = guest.channel();
    out = Files.createDirectory(temp.resolve("out"));
  }

  @AfterEach
  void disconnect() throws IOException {
    channel.close();
    guest.close();
  }

  private CompletableFuture<Void> getting(Path to) throws IOException {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                channel.get("/thing", to, CopyOptions.DEFAULT);
                done.complete(null);
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  /** Has the guest answer the host's next request with these bytes, in frames, and a result. */
  private void answer(byte[] bytes, int kind, int code, String message) throws IOException {
    FakeGuest.Frame request;
    do {
      // The cancelling of an earlier copy may come first.
      request = guest.next();
    } while (request.type() != Protocol.REQUEST);
    int stream = request.stream();
    guest.started(stream, 1);
    for (int at = 0; at < bytes.length; at += Protocol.MAX_PAYLOAD) {
      int end = Math.min(bytes.length, at + Protocol.MAX_PAYLOAD);
      guest.data(stream, Protocol.OUTPUT, false, Arrays.copyOfRange(bytes, at, end));
    }
    guest.data(stream, Protocol.OUTPUT, true, new byte[0]);
    guest.result(stream, kind, code, message);
  }

  private static MachineException failure(CompletableFuture<Void> copy) {
    return (MachineException) catchThrowableOfType(ExecutionException.class, copy::get).getCause();
  }

  private static void assertEmpty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      assertThat(entries).isEmpty();
    }
  }

  static Stream<Arguments> harmful() {
    byte[] big = new byte[12];
    Arrays.fill(big, (byte) 'x');
    byte[] kindReserved = Entries.tree().bytes();
    kindReserved[2] = 1;
    return Stream.of(
        row("two dots", Entries.tree().file("..", "x").end()),
        row("two dots below", Entries.tree().file("../escaped", "x").end()),
        row("two dots inside", Entries.tree().entry(2, "a").file("a/../../escaped", "x").end()),
        row("one dot", Entries.tree().file("./escaped", "x").end()),
        row("an absolute path", Entries.tree().file("/nonexistent/escaped", "x").end()),
        row("a double slash", Entries.tree().entry(2, "a").file("a//x", "x").end()),
        row("a slash at the end", Entries.tree().entry(2, "a/").end()),
        row("a NUL", Entries.tree().file("a\0b", "x").end()),
        row("a long component", Entries.tree().file("x".repeat(256), "x").end()),
        row("a long path", Entries.tree().file("x/".repeat(2_100) + "x", "x").end()),
        row("a missing parent", Entries.tree().file("a/b", "x").end()),
        row("a file as parent", Entries.tree().file("a", "x").file("a/b", "x").end()),
        row(
            "a link as parent",
            Entries.tree().entry(3, "a", "../../../outside").file("a/b", "x").end()),
        row(
            "a link as parent of a directory",
            Entries.tree().entry(3, "a", "../../../outside").entry(2, "a/b").end()),
        row(
            "a link replaced by a directory",
            Entries.tree().entry(3, "a", "../../../outside").entry(2, "a").file("a/b", "x").end()),
        row(
            "a file through a link of its name",
            Entries.tree().entry(3, "a", "../../../outside/kept").file("a", "x").end()),
        row("a file twice", Entries.tree().file("a", "x").file("a", "y").end()),
        row("a directory twice", Entries.tree().entry(2, "a").entry(2, "a").end()),
        row("a link twice", Entries.tree().entry(3, "a", "x").entry(3, "a", "y").end()),
        row("the top twice", Entries.tree().entry(2, "").end()),
        row("no top", Entries.of(1, "a").chunk(0, 0).end()),
        row("more than a file", Entries.of(1, "").chunk(0, 0).file("a", "x").end()),
        row(
            "a link with something in it",
            Entries.tree().entry(3, "a", "../../../outside").file("a/x", "").end()),
        row("a link at the top", new Entries().entry(3, "", "/etc").end()),
        row(
            "a link at the top with a file",
            new Entries().entry(3, "", "../../outside").file("a", "").end()),
        row("a hard link at the top", new Entries().entry(4, "", "x").end()),
        row("a hard link out", Entries.tree().entry(4, "a", "../outside/kept").end()),
        row(
            "a hard link to an absolute path",
            Entries.tree().entry(4, "a", "/nonexistent/kept").end()),
        row("a hard link to nothing", Entries.tree().entry(4, "a", "b").end()),
        row("a hard link to itself", Entries.tree().entry(4, "a", "a").end()),
        row("a hard link to a directory", Entries.tree().entry(2, "d").entry(4, "a", "d").end()),
        row(
            "a hard link to a link",
            Entries.tree().entry(3, "l", "../../../outside/kept").entry(4, "a", "l").end()),
        row(
            "a hard link through a link",
            Entries.tree().entry(3, "l", "../../../outside").entry(4, "a", "l/kept").end()),
        row("a symbolic link to nothing", Entries.tree().entry(3, "a", "").end()),
        row("a symbolic link with a NUL", Entries.tree().entry(3, "a", "x\0y").end()),
        row("a long target", Entries.tree().entry(3, "a", "x".repeat(4_096)).end()),
        row("a file with a target", Entries.tree().entry(1, "a", "b").chunk(0, 0).end()),
        row("an unknown kind", Entries.tree().entry(8, "a").end()),
        row("a negative kind", Entries.tree().entry(-1, "a").end()),
        row("reserved bytes", new Entries().raw(kindReserved).end()),
        row("an impossible mode", Entries.tree().entry(2, 010_000, 0, bytes("a"), "").end()),
        row("impossible nanos", Entries.tree().entry(2, 0755, 1_000_000_000, bytes("a"), "").end()),
        row("negative nanos", Entries.tree().entry(2, 0755, -1, bytes("a"), "").end()),
        row("a chunk too long", Entries.of(1, "").chunk(0, 1_048_577).raw(big).end()),
        row("a chunk of -2", Entries.of(1, "").chunk(0, -2).raw(big).end()),
        row("a chunk back", Entries.of(1, "").chunk(0, 12).raw(big).chunk(11, 1).raw(big).end()),
        row("an end back", Entries.of(1, "").chunk(0, 12).raw(big).chunk(11, 0).end()),
        row("a negative offset", Entries.of(1, "").chunk(-1, 12).raw(big).chunk(50, 0).end()),
        row("a size of more than a tebibyte", Entries.of(1, "").chunk((1L << 40) + 1, 0).end()),
        row("a chunk beyond", Entries.of(1, "").chunk((1L << 40) - 3, 12).raw(big).end()),
        row("a named end", Entries.tree().entry(0, "a")),
        row("an end with a target", Entries.tree().entry(0, "", "a")),
        row("nothing but an end", new Entries().end()),
        row("nothing", new Entries()),
        row("no end", Entries.tree().file("a", "x")),
        row("half a header", Entries.tree().raw(new byte[20])),
        row("half a file", Entries.tree().entry(1, "a").chunk(0, 100).raw(big)),
        row("something after the end", Entries.tree().end().raw(new byte[1])));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private static Arguments row(String what, Entries entries) {
    return Arguments.of(what, entries.bytes());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("harmful")
  void aHarmfulCopyIsRefusedAndLeavesNothing(String what, byte[] entries) throws Exception {
    Path outside = Files.createDirectory(temp.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "kept");
    for (Path to : new Path[] {out.resolve("new"), Files.createDirectory(temp.resolve("old"))}) {
      var copy = getting(to);
      answer(entries, Protocol.DONE, 0, "");
      MachineException failure = failure(copy);
      assertThat(failure).isNotNull();
      assertThat(failure.code()).isIn(ErrorCode.GUEST, ErrorCode.COPY);
      assertThat(failure).hasMessageStartingWith("cannot copy '/thing' in the guest to '");
      assertThat(failure.getMessage()).doesNotContain("carafe-copy");
      assertEmpty(out);
    }
    assertEmpty(temp.resolve("old"));
    assertThat(outside.resolve("kept")).hasContent("kept");
    assertThat(HostFiles.status(outside.resolve("kept")).links()).isEqualTo(1);
    assertThat(Files.list(outside)).hasSize(1);
    assertThat(temp.resolve("escaped")).doesNotExist();
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void aCopyThatTheGuestCallsFailedLeavesNothing() throws Exception {
    var copy = getting(out.resolve("new"));
    answer(
        Entries.tree().file("a", "x").end().bytes(),
        Protocol.FAILED,
        5,
        "read error\u001b[31m on '/thing/b'");
    assertThat(failure(copy)).hasMessageEndingWith("read error?[31m on '/thing/b'");
    assertEmpty(out);
  }

  @Test
  void aFileThatTheGuestCouldNotReadFailsTheCopyInTheEnd() throws Exception {
    var copy = getting(out.resolve("new"));
    byte[] entries =
        Entries.tree()
            .entry(1, "bad")
            .chunk(0, 3)
            .raw(new byte[3])
            .chunk(3, Entry.BROKEN)
            .entry(4, "link", "bad")
            .file("good", "x")
            .end()
            .bytes();
    answer(entries, Protocol.DONE, 0, "");
    assertThat(failure(copy)).hasMessageContaining("could not read 1 file to the end, first 'bad'");
    assertEmpty(out);
  }

  @Test
  void aLostConnectionLeavesNothing() throws Exception {
    var copy = getting(out.resolve("new"));
    int stream = guest.next(Protocol.REQUEST).stream();
    guest.started(stream, 1);
    guest.data(stream, Protocol.OUTPUT, false, Entries.tree().file("a", "x").bytes());
    guest.hangUp();
    assertThat(failure(copy).code()).isEqualTo(ErrorCode.LOST);
    assertEmpty(out);
  }

  @Test
  void aGuestThatFallsSilentIsNotWaitedForForEver() throws Exception {
    channel.close();
    guest.close();
    guest = new FakeGuest(temp);
    channel =
        guest.channel(
            new Patience(Patience.ENDLESS, Patience.ENDLESS, Patience.ENDLESS, 30_000_000));
    var copy = getting(out.resolve("new"));
    guest.next(Protocol.REQUEST);
    assertThat(failure(copy).code()).isEqualTo(ErrorCode.TIMEOUT);
    guest.next(Protocol.CANCEL);
    assertEmpty(out);
  }

  @Test
  void anUnusualOrderIsFine() throws Exception {
    var copy = getting(out.resolve("new"));
    byte[] entries =
        Entries.tree()
            .entry(2, "a")
            .entry(2, "b")
            .entry(2, "a/c")
            .file("b/1", "x")
            .file("a/c/2", "y")
            .entry(4, "b/3", "a/c/2")
            .entry(5, "null")
            .entry(6, "disk")
            .entry(7, "pipe")
            .file("4", "")
            .end()
            .bytes();
    answer(entries, Protocol.DONE, 0, "");
    copy.get();
    assertThat(out.resolve("new/b/3")).hasContent("y");
    assertThat(out.resolve("new/b/1")).hasContent("x");
    assertThat(Files.list(out.resolve("new")).map(p -> p.getFileName().toString()))
        .containsExactlyInAnyOrder("a", "b", "4");
  }

  @Test
  void permissionsAreTakenWithoutSpecialBitsAndTimesAsFarAsTheyGo() throws Exception {
    var copy = getting(out.resolve("new"));
    byte[] entries =
        Entries.tree()
            .entry(2, 07555, 0, bytes("d"), "")
            .entry(1, 07000, 999_999_999, bytes("d/f"), "")
            .chunk(0, 0)
            .end()
            .bytes();
    FakeGuest.little(8).putLong(0, Long.MIN_VALUE).get(0, entries, 16, 8);
    answer(entries, Protocol.DONE, 0, "");
    copy.get();
    assertThat(HostFiles.status(out.resolve("new/d")).mode() & 07777).isEqualTo(0555);
    assertThat(HostFiles.status(out.resolve("new/d/f")).mode() & 07777).isZero();
    Files.setAttribute(out.resolve("new/d"), "unix:mode", 0755);
  }

  @Test
  void aHugeHoleTakesNoSpace() throws Exception {
    var copy = getting(out.resolve("new"));
    byte[] entries = Entries.of(1, "").chunk(1L << 35, 0).end().bytes();
    answer(entries, Protocol.DONE, 0, "");
    copy.get();
    assertThat(Files.size(out.resolve("new"))).isEqualTo(1L << 35);
  }

  @Test
  void whatAKilledCopyLeftGoesWithTheNext() throws Exception {
    Path left = Files.createDirectory(out.resolve(Staging.PREFIX + "1-a"));
    Files.createDirectory(left.resolve("tree"));
    Files.writeString(left.resolve("tree/half"), "x");
    Files.setAttribute(left.resolve("tree"), "unix:mode", 0);
    Files.writeString(left.resolve("lock"), "");
    Path young = Files.createDirectory(out.resolve(Staging.PREFIX + "2-b"));
    Files.setLastModifiedTime(left, java.nio.file.attribute.FileTime.from(java.time.Instant.EPOCH));
    var copy = getting(out.resolve("new"));
    answer(Entries.tree().end().bytes(), Protocol.DONE, 0, "");
    copy.get();
    assertThat(Files.list(out)).containsExactlyInAnyOrder(out.resolve("new"), young);
  }

  @Test
  void aCopyUnderWayIsNotTakenForALeftover() throws Exception {
    var first = getting(out.resolve("first"));
    int stream = guest.next(Protocol.REQUEST).stream();
    guest.started(stream, 1);
    Path staging;
    try (Stream<Path> entries = Files.list(out)) {
      staging = entries.findFirst().orElseThrow();
    }
    Files.setLastModifiedTime(
        staging, java.nio.file.attribute.FileTime.from(java.time.Instant.EPOCH));
    var second = getting(out.resolve("second"));
    answer(Entries.of(1, "").chunk(0, 0).end().bytes(), Protocol.DONE, 0, "");
    second.get();
    guest.data(stream, Protocol.OUTPUT, true, Entries.of(1, "").chunk(0, 0).end().bytes());
    guest.result(stream, Protocol.DONE, 0, "");
    first.get();
    assertThat(Files.list(out))
        .containsExactlyInAnyOrder(out.resolve("first"), out.resolve("second"));
  }
}
