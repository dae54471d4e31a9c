package dev.carafe.bottle.botbottle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class YamlTextTest {
  @Test
  void whatIsWrittenIsReadAgain() {
    Map<String, Object> map = new LinkedHashMap<>();
    List<String> texts =
        List.of(
            "",
            "a",
            "true",
            "No",
            "8080",
            "1.5",
            "~",
            "null",
            "- a",
            "a: b",
            "a #b",
            "'",
            "\"",
            "\\",
            "a\nb\n",
            "\t",
            "?x",
            "${X}",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{}",
            "[]",
            "---",
            "é",
            "\u0007",
            "\u2028",
            "~/.ssh/id",
            "ssh://git@example.com:22/x",
            ".5",
            "0x10",
            "a:",
            " a ");
    map.put("texts", texts);
    map.put("number", 7L);
    map.put("truth", true);
    map.put("empty", Map.of());
    map.put("none", List.of());
    map.put("odd key: #", Map.of("deep", List.of(Map.of("x", List.of("y", List.of("z"))))));
    String text = YamlText.of(map);
    Problems problems = new Problems();
    var node = YamlReader.read(text, problems);
    assertThat(problems.all()).as(text).isEmpty();
    assertThat(Notes.any(node.orElseThrow())).isEqualTo(map);
  }
}
