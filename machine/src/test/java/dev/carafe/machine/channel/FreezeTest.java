package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarReader;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.channel.LayerEntries.Header;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Layers from a guest that sends them as it should, and from one that sends whatever it likes. */
@Timeout(60)
class FreezeTest {
  private static final Freeze.Area AREA = new Freeze.Area(1L << 30, 1L << 28, 10_000);

  @TempDir Path temp;
  private FakeGuest guest;
  private Channel channel;
  private final ByteArrayOutputStream layer = new ByteArrayOutputStream();

  @BeforeEach
  void connect() throws Exception {
    guest = new FakeGuest(temp);
    channel = guest.channel();
  }

  @AfterEach
  void disconnect() throws IOException {
    channel.close();
    guest.close();
  }

  private CompletableFuture<Duration> freezing(FreezeSpec spec, OutputStream to) {
    CompletableFuture<Duration> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                done.complete(channel.freeze(AREA, spec, to));
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
      // The cancelling of an earlier freeze may come first.
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

  private static MachineException failure(CompletableFuture<Duration> freeze) {
    return (MachineException)
        catchThrowableOfType(ExecutionException.class, freeze::get).getCause();
  }

  @Test
  void aFilesContentIsRewrittenOnItsWay() throws Exception {
    frozen(
        FreezeSpec.ALL.rewriting(
            "/etc/store",
            content ->
                new String(content, StandardCharsets.US_ASCII)
                    .replace("ours,", "")
                    .getBytes(StandardCharsets.US_ASCII)),
        LayerEntries.begin()
            .entry(Entry.DIRECTORY, "etc")
            .file(new Header(Entry.FILE, "etc/store").mode(0640), "one,ours,two")
            .file("etc/store.old", "one,ours,two")
            .entry(Entry.DIRECTORY, "tmp")
            .entry(Entry.DIRECTORY, "var/tmp"));
    assertThat(members().stream().map(Member::contents)).startsWith("", "one,two", "one,ours,two");
    assertThat(members().get(1).entry().mode()).isEqualTo(0640);
  }

  private Duration frozen(LayerEntries entries) throws Exception {
    return frozen(FreezeSpec.ALL, entries);
  }

  private Duration frozen(FreezeSpec spec, LayerEntries entries) throws Exception {
    var freeze = freezing(spec, layer);
    answer(entries.end().bytes(), Protocol.DONE, 0, "");
    return freeze.get();
  }

  private record Member(TarEntry entry, String contents) {}

  private List<Member> members() throws IOException {
    TarReader reader = new TarReader(new ByteArrayInputStream(layer.toByteArray()));
    List<Member> members = new ArrayList<>();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      String contents = new String(reader.contents().readNBytes(100), StandardCharsets.ISO_8859_1);
      members.add(new Member(entry, contents));
    }
    assertThat(reader.sawEndMark()).isTrue();
    return members;
  }

  @Test
  void theRequestSaysWhereToKeepThingsAndWhatToLeaveOut() throws Exception {
    var freeze = freezing(FreezeSpec.without(Set.of("/etc/secret")), layer);
    byte[] expected =
        FakeGuest.little(1 + 5 + 16 + 5 + 11)
            .put((byte) Protocol.FREEZE)
            .put((byte) 2)
            .putInt(16)
            .putLong(1L << 30)
            .putLong(1L << 28)
            .put((byte) 1)
            .putInt(11)
            .put("/etc/secret".getBytes(StandardCharsets.US_ASCII))
            .array();
    FakeGuest.Frame request = guest.next(Protocol.REQUEST);
    assertThat(request.payload()).isEqualTo(expected);
    guest.result(request.stream(), Protocol.FAILED, 16, "the machine is being frozen already");
    assertThat(failure(freeze))
        .hasMessageContaining("the machine is being frozen already")
        .extracting(MachineException::code)
        .isEqualTo(ErrorCode.COPY);
  }

  @Test
  void everyKindOfChangeBecomesWhatLayersHaveForIt() throws Exception {
    Duration still =
        frozen(
            LayerEntries.begin()
                .entry(new Header(Entry.DIRECTORY, "d").flags(LayerReader.OPAQUE).mode(0750))
                .entry(new Header(Entry.BLOCK_DEVICE, "d/disk").device(254, 1_048_575))
                .file(
                    new Header(Entry.FILE, "d/file")
                        .flags(LayerReader.LINKED)
                        .mode(06755)
                        .owner(70_000, -1),
                    "text")
                .entry(Entry.DELETED, "d/gone")
                .link(Entry.SYMBOLIC_LINK, "d/link", "../../x")
                .link(Entry.HARD_LINK, "d/name", "d/file")
                .entry(Entry.FIFO, "d/pipe")
                .entry(new Header(Entry.FILE, "e").attributes(1))
                .attribute("user.note", "a\0=\nb")
                .map(0, 0)
                .entry(Entry.DIRECTORY, "tmp")
                .entry(Entry.DIRECTORY, "var/tmp"));
    assertThat(still).isEqualTo(Duration.ofMillis(5));
    List<Member> members = members();
    assertThat(members.stream().map(member -> member.entry().name()))
        .containsExactly(
            "d/",
            "d/.wh..wh..opq",
            "d/disk",
            "d/file",
            "d/.wh.gone",
            "d/link",
            "d/name",
            "d/pipe",
            "e",
            "tmp/",
            "var/tmp/");
    assertThat(members.get(0).entry().mode()).isEqualTo(0750);
    assertThat(members.get(2).entry().minor()).isEqualTo(1_048_575);
    TarEntry file = members.get(3).entry();
    assertThat(file.mode()).isEqualTo(06755);
    assertThat(file.uid()).isEqualTo(70_000);
    assertThat(file.gid()).isEqualTo(0xffff_ffffL);
    assertThat(members.get(3).contents()).isEqualTo("text");
    assertThat(members.get(4).entry().type()).isEqualTo(TarEntry.Type.FILE);
    assertThat(members.get(6).entry().type()).isEqualTo(TarEntry.Type.HARD_LINK);
    assertThat(members.get(6).entry().link()).isEqualTo("d/file");
    assertThat(members.get(8).entry().xattrs()).isEqualTo(Map.of("user.note", "a\0=\nb"));
  }

  @Test
  void holesStayHoles() throws Exception {
    long size = 1L << 39;
    frozen(
        LayerEntries.begin()
            .entry(Entry.FILE, "all")
            .map(size, 0)
            .entry(Entry.FILE, "some")
            .map(size, 2, 0, 2, size - 3, 3)
            .raw("abcde"));
    assertThat(layer.size()).isLessThan(10_000);
    List<Member> members = members();
    assertThat(members).hasSize(2).allMatch(member -> member.entry().size() == size);
    assertThat(members.get(1).entry().name()).isEqualTo("some");
    assertThat(members.get(1).contents()).startsWith("ab\0\0\0");
  }

  @Test
  void theCallersStreamIsLeftOpen() throws Exception {
    OutputStream open =
        new OutputStream() {
          @Override
          public void write(int b) {
            layer.write(b);
          }

          @Override
          public void close() {
            throw new AssertionError("closed");
          }
        };
    var freeze = freezing(FreezeSpec.ALL, open);
    answer(LayerEntries.begin().file("a", "x").end().bytes(), Protocol.DONE, 0, "");
    freeze.get();
    assertThat(members()).hasSize(1);
  }

  @Test
  void aStreamThatTakesNoMoreEndsTheFreeze() throws Exception {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("no space left on device");
          }
        };
    var freeze = freezing(FreezeSpec.ALL, full);
    var entries = LayerEntries.begin();
    for (int i = 1_000; i < 1_200; i++) {
      entries.file("f" + i, "x");
    }
    FakeGuest.Frame request = guest.next(Protocol.REQUEST);
    guest.started(request.stream(), 1);
    guest.data(request.stream(), Protocol.OUTPUT, false, entries.bytes());
    assertThat(guest.next(Protocol.CANCEL).stream()).isEqualTo(request.stream());
    assertThat(failure(freeze)).hasMessageContaining("no space left on device");
  }

  @Test
  void whatTheGuestSaysOfItsFailureIsSaid() throws Exception {
    var freeze = freezing(FreezeSpec.ALL, layer);
    answer(LayerEntries.begin().file("a", "x").bytes(), Protocol.FAILED, 28, "the place is full");
    assertThat(failure(freeze)).hasMessageContaining("the place is full");
    assertThat(new TarReader(new ByteArrayInputStream(layer.toByteArray())).sawEndMark()).isFalse();
  }

  @Test
  void anArchiveIsNotEndedBeforeTheGuestHasSaidThatItIsComplete() throws Exception {
    var freeze = freezing(FreezeSpec.ALL, layer);
    answer(LayerEntries.begin().file("a", "x").end().bytes(), Protocol.FAILED, 5, "after all");
    assertThat(failure(freeze)).hasMessageContaining("after all");
    assertThat(layer.size()).isLessThan(2_048);
  }

  @Test
  void aMachineThatEndsInTheMiddleIsALostOne() throws Exception {
    var freeze = freezing(FreezeSpec.ALL, layer);
    FakeGuest.Frame request = guest.next(Protocol.REQUEST);
    guest.started(request.stream(), 1);
    guest.data(request.stream(), Protocol.OUTPUT, false, LayerEntries.begin().bytes());
    guest.hangUp();
    assertThat(failure(freeze).code()).isEqualTo(ErrorCode.LOST);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "etc", "/etc/../x", "/etc//x", "/etc/", "/", "/a/./b", "/a\0b"})
  void aPathThatIsNoneIsRefusedBeforeAnythingIsAsked(String path) {
    assertThatThrownBy(() -> channel.freeze(AREA, FreezeSpec.without(Set.of(path)), layer))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
  }

  private static Arguments row(String what, LayerEntries entries) {
    return Arguments.of(what, entries.bytes());
  }

  private static LayerEntries start() {
    return LayerEntries.begin();
  }

  static Stream<Arguments> harmful() {
    Header named = new Header(Entry.FILE, "a");
    return Stream.of(
        row("two dots", start().file("..", "x").end()),
        row("two dots inside", start().entry(2, "a").file("a/../b", "x").end()),
        row("one dot", start().file("./a", "x").end()),
        row("an absolute path", start().file("/a", "x").end()),
        row("a double slash", start().entry(2, "a").file("a//x", "x").end()),
        row("a slash at the end", start().entry(2, "a/").end()),
        row("a NUL in a path", start().file("a\0b", "x").end()),
        row("a NUL in a target", start().link(3, "a", "x\0").end()),
        row("a long component", start().file("x".repeat(256), "x").end()),
        row("a long name of what was deleted", start().entry(8, "x".repeat(252)).end()),
        row("a long path", start().file("x/".repeat(2_100) + "x", "x").end()),
        row("no name", start().entry(2, "").end()),
        row("a missing parent", start().file("a/b", "x").end()),
        row("a file as parent", start().file("a", "x").file("a/b", "x").end()),
        row("a link as parent", start().link(3, "a", "/etc").file("a/b", "x").end()),
        row("a deleted parent", start().entry(8, "a").file("a/b", "x").end()),
        row("a parent that is over", start().entry(2, "a").entry(2, "b").file("a/b", "x").end()),
        row("a file as /var", start().file("var", "x").entry(2, "var/tmp").end()),
        row("something without /var", start().entry(2, "var/lib").end()),
        row("a file twice", start().file("a", "x").file("a", "y").end()),
        row("a directory twice", start().entry(2, "a").entry(2, "a").end()),
        row("a file, and its removal", start().file("a", "x").entry(8, "a").end()),
        row("no order", start().file("b", "x").file("a", "x").end()),
        row("no order of names", start().file("a.b", "x").entry(2, "a").end()),
        row("a removal in disguise", start().file(".wh.a", "").end()),
        row(
            "an opaque directory in disguise",
            start().entry(2, "a").file("a/.wh..wh..opq", "").end()),
        row("a directory in disguise", start().entry(2, ".wh.a").file(".wh.a/b", "").end()),
        row("a hard link out", start().link(4, "a", "../b").end()),
        row("a hard link to nothing", start().link(4, "a", "b").end()),
        row("a hard link to itself", start().link(4, "a", "a").end()),
        row(
            "a hard link forward",
            start().link(4, "a", "b").file(new Header(1, "b").flags(2), "").end()),
        row("a hard link to a directory", start().entry(2, "a").link(4, "b", "a").end()),
        row("a hard link to a link", start().link(3, "a", "x").link(4, "b", "a").end()),
        row("a hard link to a file with one name", start().file("a", "x").link(4, "b", "a").end()),
        row("a link without a target", start().entry(3, "a").end()),
        row("a file with a target", start().entry(new Header(1, "a").target("x")).map(0, 0).end()),
        row("a removal with a target", start().link(8, "a", "x").end()),
        row("an unknown kind", start().entry(9, "a").end()),
        row("an opaque file", start().file(new Header(1, "a").flags(1), "x").end()),
        row("a directory with several names", start().entry(new Header(2, "a").flags(2)).end()),
        row("an unknown flag", start().file(new Header(1, "a").flags(4), "x").end()),
        row("a named end", start().entry(new Header(0, "a"))),
        row("an end with attributes", start().entry(new Header(0, "").attributes(1))),
        row("an impossible mode", start().entry(new Header(2, "a").mode(010_000)).end()),
        row("an impossible time", start().entry(new Header(2, "a").nanos(1_000_000_000)).end()),
        row("an impossible device", start().entry(new Header(5, "a").device(4_096, 0)).end()),
        row("an impossible minor", start().entry(new Header(6, "a").device(0, 1 << 20)).end()),
        row("a directory that is a device", start().entry(new Header(2, "a").device(1, 0)).end()),
        row("a negative device", start().entry(new Header(5, "a").device(-1, 0)).end()),
        row("too many attributes", start().entry(named.attributes(257)).end()),
        row(
            "an attribute without a name",
            start().entry(new Header(2, "a").attributes(1)).attribute("", "x").end()),
        row(
            "an attribute with an equals sign",
            start().entry(new Header(2, "a").attributes(1)).attribute("user.a=b", "x").end()),
        row(
            "an attribute with a NUL",
            start().entry(new Header(2, "a").attributes(1)).attribute("user.\0", "x").end()),
        row(
            "an attribute twice",
            start()
                .entry(new Header(2, "a").attributes(2))
                .attribute("user.a", "x")
                .attribute("user.a", "y")
                .end()),
        row(
            "an attribute that is too large",
            start().entry(new Header(2, "a").attributes(1)).attribute("user.a", 0, 65_537).end()),
        row(
            "an attribute of negative size",
            start().entry(new Header(2, "a").attributes(1)).attribute("user.a", 0, -1).end()),
        row(
            "an attribute's reserved bytes",
            start().entry(new Header(2, "a").attributes(1)).attribute("user.a", 1, 0).end()),
        row(
            "attributes that are too large together",
            start()
                .entry(new Header(2, "a").attributes(2))
                .attribute("user.a", "x".repeat(40_000))
                .attribute("user.b", "x".repeat(40_000))
                .end()),
        row(
            "attributes of what was deleted",
            start().entry(new Header(8, "a").attributes(1)).attribute("user.a", "x").end()),
        row("a negative size", start().entry(1, "a").map(-1, 0).end()),
        row("more than a tebibyte", start().entry(1, "a").map((1L << 40) + 1, 0).end()),
        row("too many pieces", start().entry(1, "a").map(1L << 40, 65_537).end()),
        row("a negative number of pieces", start().entry(1, "a").map(5, -1).end()),
        row("a piece before the file", start().entry(1, "a").map(5, 1, -1, 2).raw("xx").end()),
        row("a piece behind the file", start().entry(1, "a").map(5, 1, 4, 2).raw("xx").end()),
        row("an empty piece", start().entry(1, "a").map(5, 1, 2, 0).end()),
        row("a piece of negative length", start().entry(1, "a").map(5, 1, 2, -1).end()),
        row(
            "pieces that overlap",
            start().entry(1, "a").map(9, 2, 0, 5, 4, 5).raw("x".repeat(10)).end()),
        row(
            "pieces that go back",
            start().entry(1, "a").map(9, 2, 4, 5, 0, 4).raw("x".repeat(9)).end()),
        row(
            "more than the disk can hold",
            start().file("a", "x".repeat(9_999)).file("b", "xx").end()),
        row("what was deleted with something in it", start().entry(8, "a").map(0, 0).end()),
        row("something after the end", start().end().raw("x")),
        row("nothing", new LayerEntries()),
        row("a time that is none", new LayerEntries().raw(new byte[] {0, 0, 0, 0, 0, 0, 0, -1})),
        row("no end", start().file("a", "x")),
        row("the end in the middle of a file", start().entry(1, "a").map(9, 1, 0, 9).raw("x")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("harmful")
  void aHarmfulLayerIsRefusedAndNeverEnded(String what, byte[] bytes) throws Exception {
    var freeze = freezing(FreezeSpec.ALL, layer);
    answer(bytes, Protocol.DONE, 0, "");
    MachineException failure = failure(freeze);
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.GUEST);
    assertThat(failure.getMessage()).startsWith("cannot freeze the machine: the guest ");
    // Nothing was flushed, so nothing was ended.
    assertThat(layer.size()).isLessThan(2_048);
    // And the machine can be frozen again.
    var again = freezing(FreezeSpec.ALL, layer);
    layer.reset();
    answer(LayerEntries.begin().file("a", "x").end().bytes(), Protocol.DONE, 0, "");
    again.get();
    assertThat(members()).hasSize(1);
  }
}
