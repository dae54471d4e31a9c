package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ManifestDocumentTest {
  @Test
  void everyExampleIsAnAgentOrABottle() throws Exception {
    Path document = Path.of("../docs/manifest.md");
    List<String> examples =
        Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(document))
            .results()
            .map((MatchResult result) -> result.group(1))
            .toList();
    assertThat(examples).hasSize(2);
    for (String example : examples) {
      byte[] bytes = example.getBytes(StandardCharsets.UTF_8);
      assertThat(
              example.contains("\nskills:")
                  ? ManifestCheck.agent(document, bytes)
                  : ManifestCheck.bottle(document, bytes, Map.of()))
          .as(example)
          .isEmpty();
    }
  }
}
