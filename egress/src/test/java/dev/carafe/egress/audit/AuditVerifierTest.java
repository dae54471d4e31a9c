package dev.carafe.egress.audit;

import static dev.carafe.egress.audit.AuditFixture.troubles;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten requests are lines 3 to 12, between the header, the opening and the end. */
class AuditVerifierTest {
  @TempDir Path directory;
  private Path file;
  private List<String> lines;

  @BeforeEach
  void writeAnAudit() throws Exception {
    file = AuditFixture.written(directory.resolve("audit.jsonl"), 10);
    lines = new ArrayList<>(Files.readAllLines(file));
  }

  private List<String> afterTampering() throws Exception {
    Files.write(file, lines);
    return troubles(file);
  }

  @Test
  void anAuditThatNobodyTouchedIsWhole() throws Exception {
    AuditVerifier.Report report = AuditVerifier.verify(List.of(file));
    assertThat(report.whole()).isTrue();
    assertThat(report.notes()).isEmpty();
    assertThat(report.lines()).isEqualTo(13);
    assertThat(report.last()).matches("13:[0-9a-f]{64}");
  }

  @Test
  void aChangedLineIsNamed() throws Exception {
    lines.set(6, lines.get(6).replace("api.example.com", "api.example.net"));
    assertThat(afterTampering())
        .containsExactly(
            "audit.jsonl:7: this line, or what the next one says of it, was changed after it was written");
  }

  @Test
  void aChangedLastLineIsNamed() throws Exception {
    lines.set(12, lines.get(12).replace("closed", "opened"));
    assertThat(afterTampering())
        .containsExactly("audit.jsonl:13: this line was changed after it was written");
  }

  @Test
  void aLineThatIsNoneAnyMoreIsNamed() throws Exception {
    lines.set(6, "{\"seq\":7}");
    assertThat(afterTampering())
        .containsExactly(
            "audit.jsonl:7: this is not a line of an audit; it was changed, or does not belong here");
  }

  @Test
  void removedLinesAreNamed() throws Exception {
    lines.subList(4, 7).clear();
    assertThat(afterTampering())
        .containsExactly("audit.jsonl:5: lines number 5 to 7 are missing before this one");
  }

  @Test
  void aMovedLineIsNamed() throws Exception {
    Collections.swap(lines, 6, 7);
    assertThat(afterTampering())
        .containsExactly("audit.jsonl:8: number 7 is here after number 8; it was moved");
  }

  @Test
  void aRepeatedLineIsNamed() throws Exception {
    lines.add(8, lines.get(4));
    assertThat(afterTampering()).containsExactly("audit.jsonl:9: number 5 is here a second time");
  }

  @Test
  void linesMissingAtTheBeginningAreNamed() throws Exception {
    lines.subList(0, 2).clear();
    assertThat(afterTampering())
        .containsExactly(
            "audit.jsonl:1: lines number 1 to 2 are missing before this one, the first");
  }

  @Test
  void wholeLinesCutOffAtTheEndAreMissed() throws Exception {
    lines.subList(10, 13).clear();
    assertThat(afterTampering())
        .containsExactly(
            "audit.jsonl:10: lines number 11 to 13 are missing at the end, after this one");
    // Without the head file nobody can know; that the end is open is all there is.
    Files.delete(AuditFiles.head(file));
    AuditVerifier.Report report = AuditVerifier.verify(List.of(file));
    assertThat(report.whole()).isTrue();
    assertThat(report.notes())
        .singleElement()
        .asString()
        .contains("ended before it could close it");
  }

  @Test
  void anEndInTheMiddleOfALineIsNamed() throws Exception {
    byte[] all = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(all, all.length - 1));
    assertThat(troubles(file))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("audit.jsonl:13: the line breaks off after ");
  }

  @Test
  void aChangeInAFilePutAsideIsFoundFromTheCurrentOne() throws Exception {
    Path other = directory.resolve("big.jsonl");
    try (Audit audit =
        Audit.open(AuditFixture.options(other).withSize(AuditOptions.LEAST_BYTES, 100))) {
      for (int i = 0; i < 600; i++) {
        audit.allowed(AuditFixture.exchange(i));
      }
    }
    Path aside = directory.resolve("big.jsonl.000001");
    Files.writeString(aside, Files.readString(aside).replace("/v1/things/9\"", "/v1/things/8\""));
    assertThat(troubles(other)).singleElement().asString().startsWith("big.jsonl.000001:12: ");
    Files.delete(aside);
    assertThat(troubles(other))
        .singleElement()
        .asString()
        .contains("are missing before this one, the first");
  }

  @Test
  void aLineWithoutEndCostsNoMemory() throws Exception {
    Files.writeString(file, "x".repeat(3_000_000) + "\n");
    assertThat(troubles(file))
        .contains(
            "audit.jsonl:1: this is not a line of an audit; it was changed, or does not belong here");
  }
}
