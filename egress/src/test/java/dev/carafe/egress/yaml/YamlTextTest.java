package dev.carafe.egress.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
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
            "\ufeff\ufffe\uffff\u0085\u007f",
            "😀",
            "\ud83d half, and \ude00 half",
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
    assertThat(value(node.orElseThrow())).isEqualTo(map);
  }

  private static Object value(Node node) {
    return switch (node) {
      case Node.Scalar scalar ->
          switch (Plain.of(scalar)) {
            case WHOLE -> Plain.whole(scalar).orElseThrow();
            case TRUTH -> Boolean.valueOf(scalar.value());
            default -> scalar.value();
          };
      case Node.Items items -> {
        List<Object> list = new ArrayList<>();
        items.all().forEach(item -> list.add(value(item)));
        yield list;
      }
      case Node.Fields fields -> {
        Map<String, Object> map = new LinkedHashMap<>();
        fields.all().forEach(entry -> map.put(entry.key(), value(entry.value())));
        yield map;
      }
    };
  }
}
