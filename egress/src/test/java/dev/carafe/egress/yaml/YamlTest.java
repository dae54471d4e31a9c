package dev.carafe.egress.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlTest {
  private static final Shape SHAPE =
      Shape.Keys.of("A test.")
          .required("name", new Shape.Text("A name.", 10))
          .optional("count", new Shape.Whole("A number.", 1, 9))
          .optional("open", new Shape.Truth("Yes or no."))
          .optional("colour", Shape.choice("A colour.", "red", "green", "off"))
          .optional("words", new Shape.ListOf("Words.", new Shape.Text("A word.", 5), 1, 2))
          .optional("labels", new Shape.Named("Labels.", new Shape.Text("A label.", 5), 2))
          .optional(
              "either",
              new Shape.OneOf(
                  "One or several.",
                  List.of(
                      new Shape.Text("One.", 5),
                      new Shape.ListOf("Several.", new Shape.Text("Each.", 5), 0, 2))))
          .optional("some", new Shape.Named("Any number.", new Shape.Text("Text.", 0, 5), 0, 2))
          .optional("any", new Shape.Anything("Whatever."))
          .not("colours", "'colours' is now called 'colour'");

  private final Problems problems = new Problems();

  private Optional<Node> read(String text) {
    return YamlReader.read(text.getBytes(StandardCharsets.UTF_8), 10_000, problems);
  }

  private List<String> said(String text) {
    read(text).ifPresent(node -> SHAPE.check(node, "the file", problems));
    return problems.all().stream().map(Problem::toString).toList();
  }

  @Test
  void whatFitsIsReadWithItsPlaces() {
    assertThat(said("# a comment\nname: web\ncount: 3\nopen: true\nwords: [a, 'true']\n"))
        .isEmpty();
    Node.Fields fields = (Node.Fields) read("name: web\ncount: 3\nopen: true\n").orElseThrow();
    assertThat(fields.text("name")).contains("web");
    assertThat(fields.whole("count")).contains(3L);
    assertThat(fields.truth("open")).contains(true);
    assertThat(fields.at("count")).isEqualTo(new Position(2, 8));
  }

  @Test
  void allMistakesAreSaidAtOnceInTheOrderOfTheFile() {
    assertThat(said("nmae: web\ncount: many\nopen: yes\ncolour: gren\nwords: a\nlabels: [a]\n"))
        .containsExactly(
            "1:1: 'nmae' is not a key here; did you mean 'name'?",
            "1:1: the file lacks 'name'",
            "2:8: 'count' must be a whole number from 1 to 9, not text",
            "3:7: 'open' must be true or false, not text",
            "4:9: 'colour' must be 'red', 'green' or 'off'; did you mean 'green'?",
            "5:8: 'words' must be a list, not text",
            "6:9: 'labels' must be keys with values, not a list");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name: 12            | 1:7: 'name' must be text, not a whole number; put it in quotes",
        "name: 1.5           | 1:7: 'name' must be text, not a number; put it in quotes",
        "name: true          | 1:7: 'name' must be text, not true or false; put it in quotes",
        "name:               | 1:6: 'name' has no value",
        "name: ''            | 1:7: 'name' has no value",
        "name: 01234567890a  | 1:7: 'name' is longer than 10 characters",
        "{name: a, count: 10} | 1:18: 'count' must be a whole number from 1 to 9",
        "{name: a, count: 99999999999999999999999} | 1:18: 'count' must be a whole number from 1 to 9",
        "{name: a, words: []} | 1:18: 'words' must have at least 1 in its list",
        "{name: a, words: [a, b, c]} | 1:18: 'words' has more than 2 in its list",
        "{name: a, words: [[]]} | 1:19: each of 'words' must be text, not a list",
        "{name: a, either: abcdefg} | 1:19: 'either' is longer than 5 characters",
        "{name: a, either: [abcdefg]} | 1:20: each of 'either' is longer than 5 characters",
        "{name: a, either: {a: b}} | 1:19: 'either' must be text or a list, not keys with values",
        "{name: a, some: []} | 1:17: 'some' must be keys with values, not a list; write {} for none",
        "{name: a, some: {a: }} | 1:20: 'a' has no value; write '' for an empty one",
        "{name: a, colours: red} | 1:11: 'colours' is now called 'colour'",
        "{name: a, labels: {}} | 1:19: 'labels' must have 1 to 2 keys",
        "[a]                 | 1:1: the file must be keys with values, not a list",
        "{name: a, xyzzy: 1} | 1:11: 'xyzzy' is not a key here; known are name, count, open, colour, words, labels, either, some, any",
      })
  void aWrongValueHasASentence(String text, String sentence) {
    assertThat(said(text)).containsExactly(sentence);
  }

  @Test
  void severalFormsEmptyOnesAndAnythingFit() {
    for (String more :
        List.of("either: a", "either: [a, b]", "either: []", "some: {}", "some: {a: ''}")) {
      assertThat(said("{name: a, " + more + "}")).as(more).isEmpty();
    }
    for (String more : List.of("any: 1", "any: [x]", "any: {a: [b]}", "any:")) {
      assertThat(said("name: a\n" + more)).as(more).isEmpty();
    }
  }

  @Test
  void whatIsInQuotesIsText() {
    assertThat(said("name: '12'")).isEmpty();
    assertThat(said("name: no")).isEmpty();
  }

  @Test
  void aKeyMayNotBeThereTwice() {
    assertThat(said("name: a\ncount: 1\nname: b\n"))
        .containsExactly("3:1: 'name' is here a second time; see line 1");
  }

  @Test
  void anchorsAliasesAndTagsAreRefused() {
    assertThat(said("name: &a web\nwords: [*a]\nlabels: {x: !!str y}\n"))
        .contains(
            "1:7: anchors (&name) are not read; take it away",
            "2:9: aliases (*name) are not read; write the value again",
            "3:13: tags (!name) are not read; take it away");
  }

  @Test
  void aBombCostsNoMoreThanItsSize() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 60; i++) {
      bomb.append("a" + i + ": &a" + i + " [*a" + (i - 1) + ", *a" + (i - 1) + "]\n");
    }
    assertThat(said(bomb.toString())).hasSize(Problems.MOST);
  }

  @Test
  void depthNumberAndSizeHaveLimits() {
    assertThat(said("[".repeat(5000))).singleElement().asString().contains("more than 20 deep");
    Problems many = new Problems();
    byte[] list = ("[" + "1,".repeat(30_000) + "]").getBytes(StandardCharsets.UTF_8);
    assertThat(YamlReader.read(list, 100_000, many)).isEmpty();
    assertThat(many.all()).singleElement().asString().contains("more than 20000 values");
    Problems large = new Problems();
    assertThat(YamlReader.read(new byte[11], 10, large)).isEmpty();
    assertThat(large.all()).hasToString("[1:1: the file is larger than 10 bytes]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''        | 1:1: the file is empty",
        "'# only a comment' | 1:1: the file is empty",
        "'name: \"secret-hunter2' | this is not YAML",
        "'name: [hunter2' | this is not YAML",
        "'name: @hunter2' | this is not YAML",
        "'? [a]\n: b'  | 1:3: a key must be text, not a list",
        "'name: a\n---\nname: b' | 2:1: a second document begins here; one file holds one",
      })
  void whatIsNoDocumentIsSaidWithoutQuotingIt(String text, String sentence) {
    assertThat(String.join("\n", said(text))).contains(sentence).doesNotContain("hunter2");
  }

  @Test
  void lettersBeyondTheFirstPlaneMayStandAnywhere() {
    for (int length = 900; length < 2200; length++) {
      assertThat(read("#" + "x".repeat(length) + "\ud83d\ude00\nname: web")).isPresent();
    }
    assertThat(problems.all()).isEmpty();
  }

  @Test
  void otherBytesThanUtf8AreRefused() {
    assertThat(YamlReader.read(new byte[] {'a', (byte) 0xff}, 10, problems)).isEmpty();
    assertThat(problems.all()).hasToString("[1:1: the file is not UTF-8]");
  }

  @Test
  void noSentenceAndNoTextFormQuotesAValueOrWhatLooksLikeOne() {
    String secret = "ghp16C7e42F292c6912E7710c838347Ae178B4a";
    assertThat(
            said(
                "name: ["
                    + secret
                    + "]\n"
                    + secret
                    + ": 1\ncolour: "
                    + secret
                    + "\ncount: "
                    + secret))
        .hasSize(4)
        .noneMatch(sentence -> sentence.contains("ghp16"));
    assertThat(read("name: " + secret).toString()).doesNotContain("ghp16");
  }

  @Test
  void theSchemaSaysTheSame() {
    assertThat(SchemaWriter.schema("Test", SHAPE))
        .contains(
            "\"required\" : [ \"name\" ]",
            "\"additionalProperties\" : false",
            "\"maximum\" : 9",
            "\"anyOf\" : [ {");
  }
}
