package dev.carafe.cli.pick;

import static dev.carafe.cli.pick.AskedQuestion.BACKSPACE;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_C;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_D;
import static dev.carafe.cli.pick.AskedQuestion.CTRL_U;
import static dev.carafe.cli.pick.AskedQuestion.ENTER;
import static dev.carafe.cli.pick.AskedQuestion.ESCAPE;
import static dev.carafe.cli.pick.AskedQuestion.LEFT;
import static dev.carafe.cli.pick.AskedQuestion.RIGHT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.pick.Question.Answered;
import dev.carafe.cli.pick.Question.Asking;
import dev.carafe.cli.pick.Question.Cancelled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextLineTest {
  private static AskedQuestion<String> text(String prefilled) {
    return new AskedQuestion<>(TextLine.text("Label?", prefilled));
  }

  private static AskedQuestion<String> secret() {
    return new AskedQuestion<>(TextLine.secret("Token?"));
  }

  private static Answered<String> answered(String text) {
    return new Answered<>(text, text);
  }

  @Test
  void enterTakesWhatIsPrefilled() throws Exception {
    assertThat(text("claude").lines()).containsExactly("Label? claude");
    assertThat(text("claude").press(ENTER).step()).isEqualTo(answered("claude"));
  }

  @Test
  void theFirstCharacterReplacesIt() throws Exception {
    var question = text("claude").press("m", "e");
    assertThat(question.lines()).containsExactly("Label? me ");
    assertThat(question.press(ENTER).step()).isEqualTo(answered("me"));
  }

  @Test
  void theFirstBackspaceTakesAllOfItAndAMoveKeepsIt() throws Exception {
    assertThat(text("claude").press(BACKSPACE, ENTER).step()).isEqualTo(answered(""));
    assertThat(text("claude").press(RIGHT, "2", ENTER).step()).isEqualTo(answered("claude2"));
    assertThat(text("claude").press(LEFT, BACKSPACE, ENTER).step()).isEqualTo(answered("claue"));
  }

  @Test
  void isEditedInTheMiddleByWholeCharacters() throws Exception {
    var question = text("").press("a", "🦊", "b", LEFT, LEFT, "x");
    assertThat(question.lines()).containsExactly("Label? ax🦊b");
    assertThat(question.press("\033[3~", ENTER).step()).isEqualTo(answered("axb"));
    assertThat(text("").press("a", "b", "\033[H", "0", "\033[F", "9", ENTER).step())
        .isEqualTo(answered("0ab9"));
    assertThat(text("").press("a", "🦊", BACKSPACE, ENTER).step()).isEqualTo(answered("a"));
    assertThat(text("").press(BACKSPACE, LEFT, RIGHT, "\033[3~", ENTER).step())
        .isEqualTo(answered(""));
  }

  @Test
  void aLineThatIsWiderThanTheTerminalShowsWhereTheCursorIs() throws Exception {
    var question = text("").press("abcdefghijklmnopqrstuvwxyz");
    assertThat(question.lines(20, 5)).containsExactly("Label? …qrstuvwxyz ");
    assertThat(question.press("\033[H").lines(20, 5)).containsExactly("Label? abcdefghijkl…");
    for (int columns = 1; columns < 60; columns++) {
      question.lines(columns, 1);
    }
  }

  @Test
  void aSecretIsNotShownNorHowLongItIs() throws Exception {
    var question = secret();
    assertThat(question.lines()).containsExactly("Token?  ");
    assertThat(question.press("s").lines()).containsExactly("Token? (not shown) ");
    assertThat(question.press("3cret").lines()).containsExactly("Token? (not shown) ");
    assertThat(question.press(ENTER).step()).isEqualTo(new Answered<>("s3cret", "(not shown)"));
  }

  @Test
  void aLineThatIsTooLongIsNotTakenInPart() throws Exception {
    var question = text("").press("x".repeat(1000));
    assertThat(question.press("y").lines())
        .containsExactly("Label? more than 1000 characters: Ctrl-U clears them");
    assertThat(question.press(BACKSPACE, ENTER).step()).isEqualTo(new Asking<>());
    assertThat(question.press(CTRL_U, "z", ENTER).step()).isEqualTo(answered("z"));
    assertThat(secret().press("x".repeat(65_536), "y", ENTER).step()).isEqualTo(new Asking<>());
  }

  @ParameterizedTest
  @ValueSource(strings = {ESCAPE, CTRL_C, CTRL_D})
  void isCancelled(String key) throws Exception {
    assertThat(text("claude").press("x", key).step()).isEqualTo(new Cancelled<>());
    assertThat(secret().press("x", key).step()).isEqualTo(new Cancelled<>());
  }

  @Test
  void whatIsPrefilledDoesNotSteerTheTerminal() {
    assertThat(text("a\033[31mb").lines()).containsExactly("Label? a?[31mb");
  }
}
