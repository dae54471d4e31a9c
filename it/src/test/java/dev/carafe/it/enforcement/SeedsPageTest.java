package dev.carafe.it.enforcement;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What docs/seeds.md says of tests is so. */
class SeedsPageTest {
  private static final Path PAGE =
      Path.of("..").toAbsolutePath().normalize().resolve("docs/seeds.md");

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    NamedTests named = NamedTests.on(PAGE);
    assertThat(named.missing()).isEmpty();
    assertThat(named.count()).isGreaterThan(90);
  }

  @Test
  void everyRowNamesATestOrSaysWhyNot() throws IOException {
    List<String> rows =
        Files.readAllLines(PAGE).stream()
            .filter(line -> line.startsWith("| ") && !line.startsWith("| it had"))
            .toList();
    assertThat(rows).hasSizeGreaterThan(60).allMatch(row -> row.split("\\|").length == 4);
    assertThat(rows)
        .filteredOn(row -> !row.matches(".*`[A-Z]\\w*(Test|Contract)`.* \\|"))
        .allMatch(row -> row.endsWith("| – |") && row.contains("no"));
  }
}
