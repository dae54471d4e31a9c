package dev.carafe.egress.audit;

import static dev.carafe.egress.audit.AuditFixture.exchange;
import static dev.carafe.egress.audit.AuditFixture.files;
import static dev.carafe.egress.audit.AuditFixture.options;
import static dev.carafe.egress.audit.AuditFixture.troubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.audit.AuditOptions.Sync;
import dev.carafe.egress.scan.Finding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AuditTest {
  private static final Finding FOUND = new Finding("known-secret", "the file x", "body");

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("audit.jsonl");
  }

  private List<String> lines() throws Exception {
    return Files.readAllLines(file);
  }

  @Test
  void aLineSaysAllThatIsKnownOfARequest() throws Exception {
    InstantSource clock = InstantSource.fixed(Instant.parse("2026-11-27T12:00:00.123456Z"));
    try (Audit audit = Audit.open(options(file).withName("web"), clock, () -> 0)) {
      audit.blocked(exchange(7), "a secret would leave", Optional.of(FOUND));
    }
    assertThat(lines().getFirst())
        .isEqualTo(
            "{\"seq\":1,\"prev\":\""
                + "0".repeat(64)
                + "\",\"time\":\"2026-11-27T12:00:00.123Z\",\"kind\":\"header\","
                + "\"format\":\"carafe-audit\",\"version\":1,\"file\":1,\"name\":\"web\"}");
    assertThat(lines().get(2))
        .contains(
            "\"prev\":\"" + Chain.hash(lines().get(1).getBytes(), lines().get(1).length()) + "\"")
        .endsWith(
            "\"kind\":\"blocked\",\"id\":7,\"method\":\"GET\",\"scheme\":\"https\","
                + "\"host\":\"api.example.com\",\"port\":443,\"path\":\"/v1/things/7\",\"status\":200,"
                + "\"bytesOut\":10,\"bytesIn\":2000,\"millis\":37,\"route\":\"*.example.com\","
                + "\"reason\":\"a secret would leave\",\"detector\":\"known-secret\","
                + "\"rule\":\"the file x\",\"where\":\"body\"}");
    assertThat(lines().getLast()).contains("\"kind\":\"closed\"");
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void theLevelSaysWhichRequestsAreKept() throws Exception {
    for (int level = 0; level <= 2; level++) {
      Path own = directory.resolve("level-" + level);
      try (Audit audit = Audit.open(options(own).withLevel(level))) {
        audit.policy("loaded", "1 route");
        audit.blocked(exchange(1), "no route", Optional.empty());
        audit.failed(exchange(2), "no answer");
        audit.allowed(exchange(3), List.of(FOUND));
      }
      assertThat(kinds(own))
          .containsExactlyElementsOf(
              switch (level) {
                case 0 -> List.of("header", "opened", "policy", "closed");
                case 1 -> List.of("header", "opened", "policy", "blocked", "failed", "closed");
                default ->
                    List.of("header", "opened", "policy", "blocked", "failed", "allowed", "closed");
              });
    }
  }

  private static List<String> kinds(Path file) throws Exception {
    return Files.readAllLines(file).stream()
        .map(line -> line.replaceFirst(".*\"kind\":\"([a-z]+)\".*", "$1"))
        .toList();
  }

  @Test
  void whatAGuestChoseIsCutAndCannotBreakALine() throws Exception {
    try (Audit audit = Audit.open(options(file))) {
      audit.allowed(exchange(1, "/a\n{\"seq\":9}\u0000\ud800/\"\\" + "x".repeat(100_000)));
      audit.allowed(exchange(2, "\ud83d\ude00".repeat(50_000)));
      audit.blocked(
          exchange(3, "\u0001".repeat(50_000)), "\u0001".repeat(50_000), Optional.empty());
    }
    assertThat(lines()).hasSize(6).allMatch(line -> line.length() < AuditLine.MOST_BYTES);
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void onlyItsOwnerCanReadIt() throws Exception {
    AuditFixture.written(file, 1);
    for (Path each : List.of(file, AuditFiles.head(file), AuditFiles.lock(file))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
          .as(each.toString())
          .isEqualTo("rw-------");
    }
  }

  /** Through a link, another file would be written; a pipe or a device keeps nothing. */
  @Test
  void whatIsNoFileIsRefusedBeforeAnythingIsMade() throws Exception {
    Path precious = Files.writeString(directory.resolve("precious"), "mine");
    for (Path each : List.of(file, AuditFiles.head(file), AuditFiles.lock(file))) {
      Files.createSymbolicLink(each, precious);
      assertThatThrownBy(() -> Audit.open(options(file)))
          .isInstanceOf(AuditException.class)
          .hasMessageContaining(each + " is a link, which is not followed");
      Files.delete(each);
      Files.createDirectory(each);
      assertThatThrownBy(() -> Audit.open(options(file)))
          .hasMessageContaining(each + " is no file");
      Files.delete(each);
      assertThat(files(directory)).containsExactly("precious");
    }
    assertThat(precious).hasContent("mine");
  }

  @Test
  void theNextWriterGoesOnWithTheChain() throws Exception {
    AuditFixture.written(file, 2);
    AuditFixture.written(file, 2);
    assertThat(kinds(file))
        .containsExactly(
            "header", "opened", "allowed", "allowed", "closed", "opened", "allowed", "allowed",
            "closed");
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void aFullFileIsPutAsideAndTheChainGoesOnInTheNext() throws Exception {
    AuditOptions small = options(file).withSize(AuditOptions.LEAST_BYTES, 100);
    try (Audit audit = Audit.open(small)) {
      for (int i = 0; i < 1000; i++) {
        audit.allowed(exchange(i));
      }
    }
    assertThat(files(directory))
        .contains("audit.jsonl", "audit.jsonl.000001", "audit.jsonl.000002", "audit.jsonl.000003");
    for (String name : files(directory)) {
      assertThat(Files.size(directory.resolve(name))).isLessThanOrEqualTo(AuditOptions.LEAST_BYTES);
    }
    assertThat(troubles(file)).isEmpty();
    assertThat(AuditVerifier.verify(List.of(file)).lines()).isGreaterThan(1000);
    AuditFixture.written(file, 1);
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void theOldestFilesAreRemovedAndTheAuditSaysSo() throws Exception {
    AuditOptions small = options(file).withSize(AuditOptions.LEAST_BYTES, 3);
    try (Audit audit = Audit.open(small)) {
      for (int i = 0; i < 2000; i++) {
        audit.allowed(exchange(i));
      }
    }
    assertThat(files(directory).stream().filter(name -> name.matches("audit.jsonl(\\.[0-9]+)?")))
        .hasSize(3);
    AuditVerifier.Report report = AuditVerifier.verify(List.of(file));
    assertThat(report.troubles()).isEmpty();
    assertThat(report.notes())
        .anyMatch(note -> note.contains("were removed to stay within the size"));
  }

  @Test
  void aWriterThatWasEndedBetweenRenamingAndTheNextFileIsFollowedByOneThatGoesOn()
      throws Exception {
    AuditFixture.written(file, 3);
    Files.move(file, directory.resolve("audit.jsonl.000001"));
    AuditFixture.written(file, 1);
    assertThat(kinds(file)).containsExactly("header", "opened", "allowed", "closed");
    assertThat(lines().getFirst()).contains("\"file\":2");
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void halfALineIsCutOffByTheNextWriterWhichSaysSo() throws Exception {
    AuditFixture.written(file, 3);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 20));
    assertThat(troubles(file))
        .anyMatch(line -> line.startsWith("audit.jsonl:6: the line breaks off after"));
    AuditFixture.written(file, 1);
    assertThat(Files.readString(file)).contains("\"cutBytes\":");
    assertThat(troubles(file))
        .containsExactly(
            "audit.jsonl:6: 1 lines that had been written before this one were missing when it was written");
  }

  @Test
  void twoWritersOfOneAuditAreKeptApart() throws Exception {
    try (Audit first = Audit.open(options(file))) {
      assertThatThrownBy(() -> Audit.open(options(file)))
          .isInstanceOf(AuditException.class)
          .hasMessage(
              "the audit " + file + " is being written by another process; give this one its own");
      first.allowed(exchange(1));
    }
    AuditFixture.written(file, 1);
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void whatIsNoAuditIsNotContinued() throws Exception {
    Files.writeString(file, "somebody's notes\n");
    assertThatThrownBy(() -> Audit.open(options(file)))
        .hasMessageContaining("does not end with a line of an audit; move it away");
    assertThat(Files.readString(file)).isEqualTo("somebody's notes\n");
    assertThatThrownBy(() -> Audit.open(options(directory.resolve("no/such/audit"))))
        .hasMessageContaining("there is no directory for it");
  }

  @Test
  void manyThreadsWriteOneChain() throws Exception {
    try (Audit audit = Audit.open(options(file))) {
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        threads.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      for (int i = 0; i < 200; i++) {
                        audit.allowed(exchange(i));
                      }
                    }));
      }
      for (Thread thread : threads) {
        // A writer that is interrupted must not take the file from the others.
        thread.interrupt();
        thread.join();
      }
      assertThat(audit.refusal()).isEmpty();
    }
    assertThat(lines()).hasSize(1603);
    assertThat(troubles(file)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Sync.class)
  void linesAreThereWhateverTheSync(Sync sync) throws Exception {
    try (Audit audit = Audit.open(options(file).withSync(sync))) {
      audit.allowed(exchange(1));
      assertThat(lines()).hasSize(3);
    }
    assertThat(troubles(file)).isEmpty();
  }

  @Test
  void anAuditCanBeVerifiedWhileItIsWritten() throws Exception {
    try (Audit audit = Audit.open(options(file).withSize(AuditOptions.LEAST_BYTES, 100))) {
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 3000; i++) {
                      audit.allowed(exchange(i));
                    }
                  });
      do {
        assertThat(troubles(file)).isEmpty();
      } while (writer.isAlive());
      // Looking did not end the writer's lock.
      assertThatThrownBy(() -> Audit.open(options(file))).isInstanceOf(AuditException.class);
    }
  }

  @Test
  void onceClosedNothingMayBeLetThrough() throws Exception {
    Audit audit = Audit.open(options(file));
    audit.close();
    audit.close();
    audit.allowed(exchange(1));
    assertThat(audit.refusal()).isPresent();
    assertThat(Audit.none().refusal()).isEmpty();
    assertThat(lines()).hasSize(3);
  }

  @Test
  void linesThatSomebodyElseAppendedAreFound() throws Exception {
    AuditFixture.written(file, 2);
    List<String> before = lines();
    byte[] forged = new byte[0];
    Chain last = new Chain(5, Chain.hash(before.getLast().getBytes(), before.getLast().length()));
    for (int i = 0; i < 3; i++) {
      forged = AuditLine.of(last, Instant.EPOCH, "allowed", json -> {});
      Files.write(file, forged, StandardOpenOption.APPEND);
      last = last.next(forged, forged.length - 1);
    }
    assertThat(troubles(file))
        .containsExactly(
            "audit.jsonl:8: lines after number 5 were not written by the audit's writer");
  }
}
