package dev.carafe.egress.audit;

import static dev.carafe.egress.audit.AuditFixture.troubles;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditCrashTest {
  @TempDir Path directory;

  /**
   * A process that is killed ends its write at the end of a page of memory, so the line it was in
   * may be half: that one was never said to be written.
   */
  @Test
  void aKilledWriterLosesNoLineThatItHasWritten() throws Exception {
    Path file = directory.resolve("audit.jsonl");
    for (int round = 0; round < 5; round++) {
      long said = killedAfter(file, 200 + 137 * round);
      AuditVerifier.Report report = AuditVerifier.verify(List.of(file));
      if (endsInTheMiddleOfALine(file)) {
        assertThat(report.troubles())
            .extracting(AuditVerifier.Trouble::sentence)
            .singleElement()
            .asString()
            .startsWith("the line breaks off");
      } else {
        assertThat(report.troubles()).isEmpty();
      }
      assertThat(lastWholeId()).isGreaterThanOrEqualTo(said);
      assertThat(report.notes()).anyMatch(note -> note.contains("ended before it could close it"));
    }
    AuditFixture.written(file, 1);
    assertThat(troubles(file)).isEmpty();
  }

  private static long killedAfter(Path file, int lines) throws Exception {
    Process process = WritingProcess.start(file, "forever");
    long last = -1;
    try (BufferedReader out = process.inputReader()) {
      for (int i = 0; i < lines; i++) {
        last = Long.parseLong(out.readLine());
      }
      process.destroyForcibly().waitFor();
      // What it said and we had not read yet; its own last line may be half.
    }
    return last;
  }

  private static boolean endsInTheMiddleOfALine(Path file) throws Exception {
    String all = Files.exists(file) ? Files.readString(file) : "";
    return !all.isEmpty() && !all.endsWith("\n");
  }

  private long lastWholeId() throws Exception {
    long id = -1;
    for (String name : AuditFixture.files(directory)) {
      if (name.matches("audit.jsonl(\\.[0-9]+)?")) {
        String all = Files.readString(directory.resolve(name));
        for (String line : all.substring(0, all.lastIndexOf('\n') + 1).split("\n")) {
          if (line.contains("\"id\":")) {
            id = Math.max(id, Long.parseLong(line.replaceFirst(".*\"id\":([0-9]+).*", "$1")));
          }
        }
      }
    }
    return id;
  }

  @Test
  void aWriteThatACrashCutAnywhereIsReportedAndTheNextStartContinuesTheChain() throws Exception {
    Path original = AuditFixture.written(directory.resolve("original"), 3);
    byte[] all = Files.readAllBytes(original);
    int lastLine =
        new String(all, java.nio.charset.StandardCharsets.UTF_8).lastIndexOf('\n', all.length - 2)
            + 1;
    for (int length = lastLine + 1; length < all.length; length += 7) {
      Path file = directory.resolve("cut-" + length);
      Files.write(file, java.util.Arrays.copyOf(all, length));
      // As it was before the write that was cut: the head file is written after the line.
      String before = Files.readAllLines(file).get(4);
      Files.write(
          AuditFiles.head(file),
          AuditFiles.headText(new Chain(5, Chain.hash(before.getBytes(), before.length()))));
      assertThat(troubles(file))
          .containsExactly(
              file.getFileName()
                  + ":6: the line breaks off after "
                  + (length - lastLine)
                  + " bytes: its writer was ended, or the file was cut");
      AuditFixture.written(file, 1);
      assertThat(troubles(file)).isEmpty();
      assertThat(AuditVerifier.verify(List.of(file)).notes())
          .singleElement()
          .asString()
          .contains((length - lastLine) + " bytes of it were cut off");
    }
  }

  @Test
  void onAFullDiskNothingMayBeLetThroughUntilThereIsRoom() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    // A disk of its own in a mount namespace of its own: goes with the process.
    Process process =
        WritingProcess.start(
            disk.resolve("audit.jsonl"),
            "fill",
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs -o size=256k none " + disk + " && exec \"$@\"",
            "sh");
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.lines())
          .containsExactly(
              "full: the audit cannot be written, so nothing is let through",
              "still full: true",
              "whole but for: 0",
              "not at once: true",
              "again: true",
              "troubles: []",
              "lost: 2",
              "lines: true");
    }
    assertThat(process.waitFor()).isZero();
  }
}
