package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.secret.SecretSources;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/egress.md shows can be used, and the schema beside it is the one of this code. */
class RoutesDocumentTest {
  private static final Path DOCS = Path.of("../docs");

  @Test
  void everyExampleIsARoutesFile() throws Exception {
    String text = Files.readString(DOCS.resolve("egress.md"));
    List<String> examples =
        Pattern.compile("(?s)```yaml\n(.*?)```")
            .matcher(text)
            .results()
            .map((MatchResult found) -> found.group(1))
            .toList();
    assertThat(examples).hasSize(3);
    for (String example : examples) {
      RoutesFile.parse(
          Path.of("/docs/egress.md"),
          example.getBytes(StandardCharsets.UTF_8),
          SecretSources.placeholders());
    }
  }

  @Test
  void theSchemaIsUpToDate() throws Exception {
    assertThat(Files.readString(DOCS.resolve("routes.schema.json")))
        .as("make it anew: ./carafe egress schema > docs/routes.schema.json")
        .isEqualTo(RoutesShape.schema());
  }

  @Test
  void everyKeyIsInTheDocument() throws Exception {
    String text = Files.readString(DOCS.resolve("egress.md"));
    Pattern.compile("\"([a-z_]+)\" : \\{\n *\"description\"")
        .matcher(RoutesShape.schema())
        .results()
        .map((MatchResult found) -> found.group(1))
        .filter(key -> !key.equals("items") && !key.equals("additionalProperties"))
        .forEach(key -> assertThat(text).contains(key));
  }
}
