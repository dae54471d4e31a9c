package dev.carafe.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditOptions;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much is written down is what the routes file says, or less if the audit was opened so. */
class AuditLevelTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "'',       2, allowed blocked",
    "'log: 2', 2, allowed blocked",
    "'log: 1', 2, blocked",
    "'log: 0', 2, ''",
    "'log: 2', 1, blocked",
    "'log: 1', 0, ''",
  })
  void theLowerOfBothCounts(String log, int opened, String kinds) throws Exception {
    assertThat(kept(log, opened)).isEqualTo(kinds);
  }

  @Test
  void anotherLevelCountsFromTheNextRequestOn() throws Exception {
    try (Lab lab = new Lab()) {
      TestServer server = lab.plainServer();
      RouteTable table = RouteTable.of(routes("log: 0", server.port()));
      try (Audit audit = Audit.open(AuditOptions.of(directory.resolve("audit.jsonl")))) {
        Egress egress = lab.start(lab.options().routes(table).audit(audit));
        ask(egress, "api.test:" + server.port());
        table.set(routes("log: 2", server.port()));
        ask(egress, "api.test:" + server.port());
      }
      assertThat(requests()).isEqualTo("allowed");
    }
  }

  /** The kinds of the lines that an allowed and a refused request leave. */
  private String kept(String log, int opened) throws Exception {
    try (Lab lab = new Lab()) {
      TestServer server = lab.plainServer();
      AuditOptions options = AuditOptions.of(directory.resolve("audit.jsonl"));
      try (Audit audit = Audit.open(options.withLevel(opened))) {
        Egress egress =
            lab.start(lab.options().routes(RouteTable.of(routes(log, server.port()))).audit(audit));
        assertThat(ask(egress, "api.test:" + server.port())).isEqualTo(404);
        assertThat(ask(egress, "other.test")).isEqualTo(403);
      }
      return requests();
    }
  }

  private static int ask(Egress egress, String host) throws Exception {
    try (Wire wire = Wire.to(Lab.address(egress))) {
      wire.send("GET http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      return wire.answer().status();
    }
  }

  private Routes routes(String log, int port) throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("routes.yaml"),
            "version: 1\n" + log + "\nroutes: [{host: api.test, port: " + port + "}]\n");
    return Routes.load(file, SecretSources.placeholders());
  }

  private String requests() throws Exception {
    List<String> kinds =
        Files.readAllLines(directory.resolve("audit.jsonl")).stream()
            .map(line -> line.replaceAll(".*\"kind\":\"([a-z]+)\".*", "$1"))
            .filter(kind -> List.of("allowed", "blocked", "failed").contains(kind))
            .toList();
    return String.join(" ", kinds);
  }
}
