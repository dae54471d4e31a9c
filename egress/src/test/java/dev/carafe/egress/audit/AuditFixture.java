package dev.carafe.egress.audit;

import dev.carafe.egress.audit.AuditOptions.Sync;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** Audits of tests. */
final class AuditFixture {
  /** Held, since a logger that nobody holds forgets its level. */
  private static final Logger LOG = Logger.getLogger("dev.carafe.egress.audit");

  static {
    LOG.setLevel(Level.OFF);
  }

  private AuditFixture() {}

  static AuditOptions options(Path file) {
    return AuditOptions.of(file).withSync(Sync.NEVER);
  }

  static Exchange exchange(long id) {
    return exchange(id, "/v1/things/" + id);
  }

  static Exchange exchange(long id, String path) {
    return new Exchange(
        id, "GET", "https", "api.example.com", 443, path, 200, 10, 2000, 37, "*.example.com");
  }

  /** An audit with so many lines, closed or not. */
  static Path written(Path file, int lines) throws AuditException {
    try (Audit audit = Audit.open(options(file))) {
      for (int i = 1; i <= lines; i++) {
        audit.allowed(exchange(i));
      }
    }
    return file;
  }

  static List<String> troubles(Path... files) throws IOException {
    return AuditVerifier.verify(List.of(files)).troubles().stream()
        .map(
            trouble ->
                trouble.file().getFileName() + ":" + trouble.line() + ": " + trouble.sentence())
        .toList();
  }

  static List<String> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
