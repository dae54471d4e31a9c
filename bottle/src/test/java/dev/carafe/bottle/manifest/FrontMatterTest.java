package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problem;
import dev.carafe.egress.yaml.Problems;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FrontMatterTest {
  private final Problems problems = new Problems();

  private Optional<FrontMatter> read(String text) {
    return FrontMatter.read(text.getBytes(StandardCharsets.UTF_8), problems);
  }

  private List<String> said() {
    return problems.all().stream().map(Problem::toString).toList();
  }

  @Test
  void keysAndTextArePartedAndPlacesAreThoseOfTheFile() {
    FrontMatter content =
        read("---\n# first\nname: web\n---\n\n  You are.\n\n--- no fence\n\n").get();
    assertThat(content.keys().text("name")).contains("web");
    assertThat(content.keys().at("name")).isEqualTo(new Position(3, 7));
    assertThat(content.body()).isEqualTo("  You are.\n\n--- no fence");
    assertThat(said()).isEmpty();
  }

  @Test
  void windowsLineEndsAndAByteOrderMarkChangeNothing() {
    FrontMatter content = read("\ufeff---\r\nname: web\r\n--- \r\nOne\r\ntwo\r\n").get();
    assertThat(content.keys().text("name")).contains("web");
    assertThat(content.keys().at("name")).isEqualTo(new Position(2, 7));
    assertThat(content.body()).isEqualTo("One\ntwo");
  }

  @Test
  void keysMayBeMissingAndSoMayTheText() {
    assertThat(read("---\n---\nText").get().keys().all()).isEmpty();
    assertThat(read("---\n# none yet\n\n---\n").get().body()).isEmpty();
    assertThat(read("---\na: b\n---").get().body()).isEmpty();
    assertThat(said()).isEmpty();
  }

  @Test
  void aFenceThatIsMissingIsSaid() {
    assertThat(read("You are a helper.\n")).isEmpty();
    assertThat(read("")).isEmpty();
    assertThat(read("---\nname: web\n\nYou are.\n")).isEmpty();
    assertThat(read(" ---\na: b\n---\n")).isEmpty();
    String first =
        "1:1: the first line must be '---'; keys follow, then a line '---' again, then the text";
    assertThat(said())
        .containsExactly(
            first,
            first,
            "1:1: these keys have no end: write a line '---' after them, before the text",
            first);
  }

  @Test
  void whatIsNotUtf8OrNoTextIsSaidWithItsLine() {
    assertThat(FrontMatter.read(new byte[] {'-', '-', '-', '\n', 'a', (byte) 0xe4}, problems))
        .isEmpty();
    assertThat(read("---\na: b\n---\nx\0y")).isEmpty();
    byte[] utf16 = "---\na: b\n---\n".getBytes(StandardCharsets.UTF_16);
    assertThat(FrontMatter.read(utf16, problems)).isEmpty();
    assertThat(said())
        .containsExactly(
            "1:1: here the file is not UTF-8; save it as UTF-8",
            "2:2: here the file is not UTF-8; save it as UTF-8",
            "4:2: here is a zero byte; this is not a text file");
  }

  @Test
  void whatIsNoMapOrNoYamlIsSaidWithItsLineAndNotQuoted() {
    assertThat(read("---\n- hunter2\n---\n")).isEmpty();
    assertThat(read("---\na: b\nc: [hunter2\n---\n")).isEmpty();
    assertThat(read("---\na: b\n...\nc: hunter2\n---\n")).isEmpty();
    assertThat(said()).hasSize(3).noneMatch(s -> s.contains("hunter2"));
    assertThat(said())
        .contains("2:1: between the lines '---' belong keys with values, not a list")
        .filteredOn(s -> s.contains(" this is not YAML: "))
        .hasSize(2);
  }

  @Test
  void sizesHaveLimits() {
    assertThat(read("---\na: b\n---\n" + "x".repeat(FrontMatter.MOST_BYTES))).isEmpty();
    assertThat(read("---\na: " + "b".repeat(70_000) + "\n---\n")).isEmpty();
    assertThat(read("---\na: " + "[".repeat(30_000) + "\n---\n")).isEmpty();
    assertThat(said())
        .containsExactlyInAnyOrder(
            "1:1: the file is larger than 262144 bytes",
            "1:1: the keys take more than 65536 characters; the text may",
            "2:23: this is nested more than 20 deep");
  }
}
