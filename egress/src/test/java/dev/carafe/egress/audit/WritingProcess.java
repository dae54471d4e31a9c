package dev.carafe.egress.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A process of its own that writes an audit: to be killed, or to be given a small disk. */
final class WritingProcess {
  private WritingProcess() {}

  /** Starts one behind {@code prefix}, for which it is the rest of the command line. */
  static Process start(Path file, String task, String... prefix) throws IOException {
    List<String> command = new ArrayList<>(List.of(prefix));
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            WritingProcess.class.getName(),
            file.toString(),
            task));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[0]);
    switch (arguments[1]) {
      case "forever" -> forever(file);
      case "fill" -> fill(file);
      default -> throw new IllegalArgumentException(arguments[1]);
    }
  }

  private static void forever(Path file) throws Exception {
    try (Audit audit =
        Audit.open(AuditFixture.options(file).withSize(AuditOptions.LEAST_BYTES, 50))) {
      for (long i = 0; audit.refusal().isEmpty(); i++) {
        audit.allowed(AuditFixture.exchange(i));
        System.out.println(i);
      }
    }
  }

  /** Fills the disk, says what the audit says, makes room, and goes on. */
  private static void fill(Path file) throws Exception {
    Path ballast = file.resolveSibling("ballast");
    java.nio.file.Files.write(ballast, new byte[64 * 1024]);
    long[] now = {0};
    Audit audit =
        Audit.open(AuditFixture.options(file), java.time.InstantSource.system(), () -> now[0]);
    long written = 0;
    while (audit.refusal().isEmpty()) {
      audit.allowed(AuditFixture.exchange(written++));
    }
    System.out.println("full: " + audit.refusal().orElseThrow());
    audit.blocked(AuditFixture.exchange(0), "while full", Optional.empty());
    now[0] += 2_000_000_000L;
    System.out.println("still full: " + audit.refusal().isPresent());
    System.out.println("whole but for: " + AuditFixture.troubles(file).size());
    java.nio.file.Files.delete(ballast);
    System.out.println("not at once: " + audit.refusal().isPresent());
    now[0] += 2_000_000_000L;
    System.out.println("again: " + audit.refusal().isEmpty());
    audit.allowed(AuditFixture.exchange(1));
    audit.close();
    AuditVerifier.Report report = AuditVerifier.verify(List.of(file));
    System.out.println("troubles: " + report.troubles());
    System.out.println(
        "lost: " + report.notes().toString().replaceFirst(".*: ([0-9]+) lines could.*", "$1"));
    System.out.println("lines: " + (report.lines() == written + 5 - 1));
  }
}
