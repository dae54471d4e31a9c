package dev.carafe.cli.pick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.cli.pick.Key.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeysTest {
  private static List<Kind> kinds(String typed) throws IOException {
    return AskedQuestion.keys(typed).stream().map(Key::kind).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "[A, UP",
    "OA, UP",
    "[1;5A, UP",
    "[B, DOWN",
    "[C, RIGHT",
    "[D, LEFT",
    "[H, HOME",
    "[1~, HOME",
    "[7~, HOME",
    "OH, HOME",
    "[F, END",
    "[4~, END",
    "[8~, END",
    "[5~, PAGE_UP",
    "[6~, PAGE_DOWN",
    "[6;5~, PAGE_DOWN",
    "[3~, DELETE",
    "OM, ENTER"
  })
  void theTerminalsInUseSendDifferentSequencesForAKey(String sequence, Kind kind)
      throws IOException {
    assertThat(kinds("\033" + sequence)).containsExactly(kind);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[15~", "[[A", "OP", "[200~", "[1;2P", "[I", "x", "[?1;2c", "[<0;1;2M"})
  void anUnknownSequenceIsOneKeyAndNoneOfItIsTyped(String sequence) throws IOException {
    assertThat(kinds("\033" + sequence)).containsExactly(Kind.OTHER);
    assertThat(AskedQuestion.keys("\033" + sequence + "q"))
        .containsExactly(Key.of(Kind.OTHER), Key.character('q'));
  }

  @Test
  void anEscapeAfterWhichNothingComesIsTheKeyOfThatName() throws IOException {
    assertThat(kinds("\033")).containsExactly(Kind.ESCAPE);
  }

  @Test
  void aSequenceThatBreaksOffOrDoesNotEndMeansNothing() throws IOException {
    assertThat(kinds("\033[1;")).containsExactly(Kind.OTHER);
    assertThat(kinds("\033O")).containsExactly(Kind.OTHER);
    assertThat(AskedQuestion.keys("\033[" + "1".repeat(1000)).getFirst().kind())
        .isEqualTo(Kind.OTHER);
  }

  @Test
  void controlCharactersAreKeysOrNothing() throws IOException {
    assertThat(kinds("\r\n\003\004\b\177\025\000\t\032\034"))
        .containsExactly(
            Kind.ENTER,
            Kind.ENTER,
            Kind.INTERRUPT,
            Kind.END_OF_INPUT,
            Kind.BACKSPACE,
            Kind.BACKSPACE,
            Kind.CLEAR,
            Kind.OTHER,
            Kind.OTHER,
            Kind.OTHER,
            Kind.OTHER);
  }

  @Test
  void charactersAreUtf8() throws IOException {
    assertThat(AskedQuestion.keys("aß漢🦊"))
        .containsExactly(
            Key.character('a'),
            Key.character('ß'),
            Key.character('漢'),
            Key.character("🦊".codePointAt(0)));
    // C1 control characters, of two bytes in UTF-8.
    assertThat(kinds("\u009b")).containsExactly(Kind.OTHER);
  }

  @Test
  void bytesThatAreNoCharacterMeanNothing() throws IOException {
    assertThat(AskedQuestion.keys(new byte[] {(byte) 0xc3, 'a', 'b'}))
        .containsExactly(Key.of(Kind.OTHER), Key.character('b'));
    assertThat(AskedQuestion.keys(new byte[] {(byte) 0xe2, (byte) 0x82}))
        .containsExactly(Key.of(Kind.OTHER));
    assertThat(AskedQuestion.keys(new byte[] {(byte) 0x80, (byte) 0x80, 'x'}))
        .containsExactly(Key.of(Kind.OTHER), Key.character('x'));
  }

  @Test
  void aTerminalThatHasGoneIsToldFromOneAtWhichNothingIsTyped() {
    InputStream gone =
        new InputStream() {
          @Override
          public int read() {
            return -1;
          }

          @Override
          public int available() throws IOException {
            throw new IOException("Input/output error");
          }
        };
    assertThatThrownBy(() -> new Keys(new TtyInput(gone)).next()).isInstanceOf(IOException.class);
  }
}
