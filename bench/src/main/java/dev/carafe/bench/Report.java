package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A run's facts and figures, for people and for programs. */
final class Report {
  private final Map<String, String> facts;
  private final Map<String, Samples.Figures> figures;

  Report(Map<String, String> facts, Map<String, Samples.Figures> figures) {
    this.facts = facts;
    this.figures = figures;
  }

  /** A Markdown table, readable as it is. */
  String table() {
    var text = new StringBuilder();
    facts.forEach(
        (name, value) -> text.append("- ").append(name).append(": ").append(value).append('\n'));
    int width = figures.keySet().stream().mapToInt(String::length).max().orElse(0);
    String row = "| %-" + width + "s | %-4s | %9s | %9s | %9s | %5s |%n";
    text.append('\n');
    text.append(String.format(Locale.ROOT, row, "what", "unit", "median", "min", "p90", "count"));
    text.append(String.format(Locale.ROOT, row, "---", "---", "---:", "---:", "---:", "---:"));
    figures.forEach(
        (name, f) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    row,
                    name,
                    f.unit(),
                    number(f.median()),
                    number(f.minimum()),
                    number(f.p90()),
                    f.count())));
    return text.toString();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.1f", value);
  }

  void writeJson(Path path) throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("host", facts);
    all.put("figures", figures);
    Files.createDirectories(path.toAbsolutePath().getParent());
    Files.writeString(
        path,
        JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(all)
            + "\n");
  }
}
