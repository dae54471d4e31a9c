package dev.carafe.image.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.ImageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreTest {
  private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

  @TempDir Path directory;
  private StoreLayout layout;

  @BeforeEach
  void prepare() throws IOException {
    layout = new StoreLayout(directory.resolve("images"));
    layout.prepare();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "debian:12",
        "../../etc/passwd",
        "..",
        ".",
        "localhost:5000/a/b@sha256:00",
        "docker-archive:/home/me/ä ö/%2f.tar",
        "\u4e2d\u6587",
        "A",
        "a"
      })
  void anyNameIsSafeAndComesBack(String name) throws IOException {
    Names names = new Names(layout.names());
    names.write(new Names.Entry(name, DIGEST, "stamp"));
    assertThat(names.read(name)).contains(new Names.Entry(name, DIGEST, "stamp"));
    assertThat(names.all()).extracting(Names.Entry::name).containsExactly(name);
    assertThat(layout.names().toFile().list()).hasSize(1);
    names.delete(name);
    assertThat(names.read(name)).isEmpty();
  }

  @Test
  void longNamesAreSafeToo() throws IOException {
    Names names = new Names(layout.names());
    String one = "/" + "x".repeat(3_000);
    names.write(new Names.Entry(one, DIGEST, ""));
    assertThat(names.read(one)).isPresent();
    assertThat(names.read(one + "x")).isEmpty();
  }

  @Test
  void aNameFileThatIsCutOffNamesNothing() throws IOException {
    Names names = new Names(layout.names());
    names.write(new Names.Entry("a", DIGEST, ""));
    Files.writeString(layout.names().resolve("a"), "carafe-name 1\na\nsha256:01");
    assertThat(names.read("a")).isEmpty();
  }

  @Test
  void recordsComeBackAsTheyWere() throws IOException {
    ImageRecord record = record("a\\n\nb\r\\");
    record.write(layout.record(DIGEST));
    assertThat(ImageRecord.read(layout.record(DIGEST))).contains(record);
  }

  @Test
  void damagedRecordsAreNamedInTheMessage() throws IOException {
    record("x").write(layout.record(DIGEST));
    String whole = Files.readString(layout.record(DIGEST));
    for (String damaged :
        List.of(
            whole.substring(0, whole.length() - 10),
            "",
            whole.replace("size 3", "size three"),
            whole.replace("end\n", "what 1\nend\n"))) {
      Files.writeString(layout.record(DIGEST), damaged);
      assertThatThrownBy(() -> ImageRecord.read(layout.record(DIGEST)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(layout.record(DIGEST).toString());
    }
  }

  @Test
  void aDamagedRecordCanBePruned() throws IOException {
    Files.writeString(layout.record(DIGEST), "nonsense");
    new Catalog(layout).prune(Set.of());
    assertThat(layout.record(DIGEST)).doesNotExist();
  }

  @Test
  void onlyOneThreadHasALock() throws Exception {
    Path file = layout.lock("x");
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Callable<Void> work =
        () -> {
          for (int i = 0; i < 50; i++) {
            try (var _ = FileLocks.exclusive(file)) {
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              inside.decrementAndGet();
            }
          }
          return null;
        };
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<Void>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(pool.submit(work));
      }
      for (Future<Void> each : all) {
        each.get();
      }
    }
    assertThat(most).hasValue(1);
  }

  @Test
  void sharersKeepOutWhoWantsToBeAlone() throws IOException {
    Path file = layout.lock("x");
    var first = FileLocks.shared(file);
    var second = FileLocks.shared(file);
    first.close();
    first.close();
    assertThat(FileLocks.tryExclusive(file)).isEmpty();
    second.close();
    try (var alone = FileLocks.tryExclusive(file).orElseThrow()) {
      assertThat(FileLocks.tryExclusive(file)).isEmpty();
      assertThat(alone).isNotNull();
    }
    FileLocks.shared(file).close();
  }

  @Test
  void locksHoldBetweenProcesses() throws Exception {
    Path file = layout.lock("x");
    try (OtherProcess other = OtherProcess.holding(file)) {
      assertThat(FileLocks.tryExclusive(file)).isEmpty();
      other.kill();
      FileLocks.tryExclusive(file).orElseThrow().close();
    }
  }

  @Test
  void whatAKilledProcessLeftIsRemovedAndWhatALiveOneHasIsNot() throws Exception {
    Path theirs = Files.createDirectory(layout.work().resolve("theirs"));
    Files.writeString(theirs.resolve("half"), "half");
    try (OtherProcess other = OtherProcess.holding(theirs.resolve("owner"));
        WorkDirectory ours = WorkDirectory.create(layout)) {
      Path mine = ours.newFile();
      Files.writeString(mine, "mine");
      assertThat(WorkDirectory.reap(layout)).isZero();
      assertThat(theirs.resolve("half")).exists();
      other.kill();
      assertThat(WorkDirectory.reap(layout)).isEqualTo(4);
      assertThat(theirs).doesNotExist();
      assertThat(mine).exists();
    }
    assertThat(layout.work()).isEmptyDirectory();
  }

  private static ImageRecord record(String text) {
    return new ImageRecord(
        new Descriptor("application/x", DIGEST, 3),
        DIGEST,
        List.of(new Part(DIGEST, 4_096, 1)),
        Instant.ofEpochMilli(12_345),
        new ImageConfig(
            List.of("A=" + text, "B="),
            Optional.of(text),
            Optional.empty(),
            List.of(),
            List.of(text, ""),
            "amd64",
            "linux"),
        List.of(DIGEST),
        List.of("b", "a"));
  }
}
