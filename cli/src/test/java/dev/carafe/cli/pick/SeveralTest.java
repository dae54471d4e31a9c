package dev.carafe.cli.pick;

import static dev.carafe.cli.pick.AskedQuestion.CTRL_C;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_D;
import static dev.carafe.cli.pick.AskedQuestion.DOWN;
import static dev.carafe.cli.pick.AskedQuestion.ENTER;
import static dev.carafe.cli.pick.AskedQuestion.ESCAPE;
import static dev.carafe.cli.pick.AskedQuestion.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.cli.pick.Question.Answered;
import dev.carafe.cli.pick.Question.Asking;
import dev.carafe.cli.pick.Question.Cancelled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeveralTest {
  private static final List<Choice<String>> BOTTLES =
      List.of(
          new Choice<>("BASE", "base", "what all have"),
          new Choice<>("NODE", "node", "npm"),
          new Choice<>("GIT", "git", ""));

  private static AskedQuestion<List<String>> bottles(String... preselected) {
    return new AskedQuestion<>(new Several<>("Which bottles?", BOTTLES, List.of(preselected)));
  }

  @Test
  void numbersShowTheOrderOfChoosing() throws Exception {
    var question = bottles().press(DOWN, DOWN, " ", UP, UP, ENTER);
    assertThat(question.lines())
        .containsExactly(
            "Which bottles?",
            "> [2] base  what all have",
            "  [ ] node  npm",
            "  [1] git",
            "  done: git, base",
            "3 of 3 | Space or Enter toggles, Ctrl-D or Enter at done confirms, Esc cancels");
    assertThat(question.press(CTRL_D).step())
        .isEqualTo(new Answered<>(List.of("GIT", "BASE"), "git, base"));
  }

  @Test
  void whatIsGivenBackLeavesTheOthersInOrder() throws Exception {
    var question = bottles("GIT", "BASE", "NODE").press(" ");
    assertThat(question.lines()).contains("> [ ] base  what all have", "  done: git, node");
    assertThat(question.press(" ", CTRL_D).step())
        .isEqualTo(new Answered<>(List.of("GIT", "NODE", "BASE"), "git, node, base"));
  }

  @Test
  void theLastLineConfirms() throws Exception {
    assertThat(bottles("NODE").press(UP, ENTER).step())
        .isEqualTo(new Answered<>(List.of("NODE"), "node"));
    assertThat(bottles().press(UP, " ").step()).isEqualTo(new Answered<>(List.of(), "none"));
  }

  @Test
  void theLastLineStaysWhateverIsTyped() throws Exception {
    var question = bottles("BASE").press("g", "i", " ");
    assertThat(question.lines()).contains("> [2] git", "  done: base, git");
    assertThat(question.press("x").lines()).contains("  nothing is called so", "> done: base, git");
    assertThat(question.press(ENTER).step())
        .isEqualTo(new Answered<>(List.of("BASE", "GIT"), "base, git"));
  }

  @ParameterizedTest
  @ValueSource(strings = {ESCAPE, CTRL_C})
  void isCancelled(String key) throws Exception {
    assertThat(bottles("BASE").press(key).step()).isEqualTo(new Cancelled<>());
  }

  @Test
  void nothingToChooseFromIsConfirmedToo() throws Exception {
    var question = new AskedQuestion<>(new Several<>("Q", List.<Choice<String>>of(), List.of()));
    assertThat(question.lines()).contains("> done: none");
    assertThat(question.press(ENTER).step()).isEqualTo(new Answered<>(List.of(), "none"));
  }

  @Test
  void namesLineUpBesideNumbersOfTwoDigits() throws Exception {
    List<Choice<Integer>> choices = new ArrayList<>();
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      choices.add(new Choice<>(i, "n" + i, ""));
      all.add(i);
    }
    var question = new AskedQuestion<>(new Several<>("Q", choices, all));
    assertThat(question.lines()).contains("> [ 1] n0", "  [11] n10");
    assertThat(question.press(" ").step()).isEqualTo(new Asking<>());
    assertThat(question.lines()).contains("> [  ] n0", "  [10] n10");
  }

  @Test
  void whatIsPreselectedMustBeAChoice() {
    assertThatThrownBy(() -> bottles("BASE", "OTHER"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("OTHER");
  }
}
