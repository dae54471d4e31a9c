package dev.carafe.cli.pick;

import static dev.carafe.cli.pick.AskedQuestion.BACKSPACE;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_C;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_D;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_U;
import static dev.carafe.cli.pick.AskedQuestion.DOWN;
import static dev.carafe.cli.pick.AskedQuestion.ENTER;
import static dev.carafe.cli.pick.AskedQuestion.ESCAPE;
import static dev.carafe.cli.pick.AskedQuestion.UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.pick.Question.Answered;
import dev.carafe.cli.pick.Question.Asking;
import dev.carafe.cli.pick.Question.Cancelled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OneOfTest {
  private static final List<Choice<Integer>> AGENTS =
      List.of(
          new Choice<>(0, "claude", "works on this repository"),
          new Choice<>(1, "Codex", "reviews"),
          new Choice<>(2, "jules", ""));

  private static AskedQuestion<Integer> agents() {
    return new AskedQuestion<>(new OneOf<>("Which agent?", AGENTS));
  }

  /** Choices called 0 to {@code count - 1}. */
  private static AskedQuestion<Integer> numbers(int count) {
    List<Choice<Integer>> choices = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      choices.add(new Choice<>(i, "n" + i, ""));
    }
    return new AskedQuestion<>(new OneOf<>("Which?", choices));
  }

  @Test
  void theQuestionTheChoicesAndTheKeysAreShown() {
    assertThat(agents().lines())
        .containsExactly(
            "Which agent?",
            "> claude  works on this repository",
            "  Codex   reviews",
            "  jules",
            "3 of 3 | arrows or j k move, typing filters, Enter takes, Esc cancels");
  }

  @Test
  void arrowsAndLettersMoveAndGoRoundAtTheEnds() throws Exception {
    assertThat(agents().press(ENTER).step()).isEqualTo(new Answered<>(0, "claude"));
    assertThat(agents().press(DOWN, ENTER).step()).isEqualTo(new Answered<>(1, "Codex"));
    assertThat(agents().press(UP, ENTER).step()).isEqualTo(new Answered<>(2, "jules"));
    assertThat(agents().press("j", "j", "k", ENTER).step()).isEqualTo(new Answered<>(1, "Codex"));
    assertThat(agents().press(DOWN, DOWN, DOWN, ENTER).step())
        .isEqualTo(new Answered<>(0, "claude"));
  }

  @Test
  void typingKeepsTheNamesThatContainItInAnyCase() throws Exception {
    var question = agents().press("C", "o");
    assertThat(question.lines())
        .startsWith("Which agent?  Co ", "> Codex  reviews")
        .element(2)
        .asString()
        .startsWith("1 of 3");
    assertThat(question.press(ENTER).step()).isEqualTo(new Answered<>(1, "Codex"));
  }

  @Test
  void lettersThatMoveAreTypedAfterASlashOrAnotherLetter() throws Exception {
    assertThat(agents().press("/", "j", ENTER).step()).isEqualTo(new Answered<>(2, "jules"));
    assertThat(agents().press("u", "l", BACKSPACE, BACKSPACE, "j", ENTER).step())
        .isEqualTo(new Answered<>(1, "Codex"));
  }

  @Test
  void enterDoesNothingWhenNothingMatches() throws Exception {
    var question = agents().press("x", "y", ENTER);
    assertThat(question.step()).isEqualTo(new Asking<>());
    assertThat(question.lines()).startsWith("Which agent?  xy ", "  nothing is called so");
    question.press(UP, DOWN, "\033[5~", "\033[6~", "\033[F");
    assertThat(question.press(CTRL_U, ENTER).step()).isEqualTo(new Answered<>(0, "claude"));
  }

  @ParameterizedTest
  @ValueSource(strings = {ESCAPE, CTRL_C, CTRL_D})
  void isCancelled(String key) throws Exception {
    assertThat(agents().press("c", key).step()).isEqualTo(new Cancelled<>());
  }

  @Test
  void aLongListScrollsAroundTheCurrentLine() throws Exception {
    var question = numbers(40);
    assertThat(question.lines()).hasSize(14).contains("> n0", "  n11").doesNotContain("  n12");
    for (int i = 0; i < 20; i++) {
      question.press(DOWN);
    }
    assertThat(question.lines()).hasSize(14).contains("  n14", "> n20", "  n25");
    assertThat(question.press("\033[6~", "\033[6~").lines()).contains("  n28", "> n39");
    assertThat(question.press("\033[H").lines()).contains("> n0");
  }

  @Test
  void theCurrentChoiceIsShownInATerminalOfAnySize() throws Exception {
    var question = numbers(40).press(UP);
    for (int columns = 1; columns < 90; columns++) {
      for (int rows = 1; rows < 30; rows++) {
        List<String> lines = question.lines(columns, rows);
        assertThat(lines).anyMatch(line -> line.startsWith(">") || line.equals("…"));
      }
    }
    assertThat(question.lines(20, 1)).containsExactly("> n39");
    assertThat(question.lines(20, 2)).containsExactly("Which?", "> n39");
    assertThat(numbers(1).press("x").lines(20, 1)).hasSize(1);
  }

  @Test
  void aNarrowTerminalCutsAndNeverBreaksALine() {
    var choices =
        List.of(new Choice<>(0, "a-name-that-is-long", "what it is for, told at some length"));
    var question = new AskedQuestion<>(new OneOf<>("Which of all these agents?", choices));
    assertThat(question.lines(24, 9))
        .startsWith("Which of all these agen…", "> a-name-that-is-long  …");
    assertThat(question.lines(12, 9)).startsWith("Which of al…", "> a-name-th…");
  }

  @Test
  void whatOthersHaveWrittenDoesNotSteerTheTerminal() {
    var choices = List.of(new Choice<>(0, "a\033[2J\r\nb\u202ec\u200bd\u009b1m", "\007\t\ud800"));
    String line = new AskedQuestion<>(new OneOf<>("Q", choices)).lines().get(1);
    assertThat(line).isEqualTo("> a?[2J??b?c?d?1m  ???");
  }

  @Test
  void wideCharactersCountTwice() {
    var choices = List.of(new Choice<>(0, "漢字漢字", "x"), new Choice<>(1, "ab", "y"));
    var question = new AskedQuestion<>(new OneOf<>("Q", choices));
    assertThat(question.lines()).contains("> 漢字漢字  x", "  ab        y");
    assertThat(question.lines(9, 9)).contains("> 漢字漢…");
    assertThat(question.lines(8, 9)).contains("> 漢字…");
  }
}
