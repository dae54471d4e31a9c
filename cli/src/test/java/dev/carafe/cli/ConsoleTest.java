package dev.carafe.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

class ConsoleTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err);

  @Test
  void whatOthersHaveNamedDoesNotSteerATerminal() {
    console.line("a\u001b[2J\u009b31mb\r\u007f");
    console.note("\u001b]0;own\u0007");
    console.prompt("c\u001bd");
    assertThat(out.toString(UTF_8)).isEqualTo("a?[2J?31mb??\n");
    assertThat(err.toString(UTF_8)).isEqualTo("?]0;own?\nc?d");
  }

  @Test
  void marksThatCannotBeSeenOrTurnTextAreSaid() {
    console.line("a\u202eb\u2028c\ufeffd🙂\u200be\udb40\udc41");
    assertThat(out.toString(UTF_8)).isEqualTo("a?b?c?d🙂?e?\n");
    assertThat(Text.shown("a\nb\tc\u2029🙂")).isEqualTo("a?b?c?🙂");
    assertThat(Text.shown("x".repeat(300))).isEqualTo("x".repeat(200) + "…");
  }

  @Test
  void textsKeepTheirLinesTabsAndLetters() {
    console.print("é\t🙂\nx");
    assertThat(out.toString(UTF_8)).isEqualTo("é\t🙂\nx");
  }
}
