package dev.carafe.cli.pick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Questions in a real terminal: tmux types and looks at the screen. */
class PickersTest {
  @TempDir Path temp;

  @BeforeEach
  void openTerminal() throws Exception {
    // What asks, in one word.
    Path ask = temp.resolve("ask");
    Files.writeString(
        ask,
        "#!/bin/sh\nexec '"
            + Path.of(System.getProperty("java.home"), "bin", "java")
            + "' -Xshare:auto -XX:TieredStopAtLevel=1 -cp '"
            + System.getProperty("java.class.path")
            + "' dev.carafe.cli.pick.PickersProgram \"$@\"\n");
    assertThat(ask.toFile().setExecutable(true)).isTrue();
    tmux(
        "new-session",
        "-d",
        "-s",
        "t",
        "-x",
        "90",
        "-y",
        "30",
        "cd " + temp + "; exec bash --norc");
    tmux("set-option", "-g", "window-size", "manual");
    type("PS1='host> '; stty -g >before; clear", "Enter");
    untilEnd("host>");
    until("^host>");
  }

  @AfterEach
  void closeTerminal() throws Exception {
    tmux("kill-server");
  }

  private String tmux(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("tmux", "-S", temp.resolve("tmux").toString(), "-f", "/dev/null"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return out;
  }

  private void type(String... keys) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("send-keys", "-t", "t"));
    arguments.addAll(List.of(keys));
    tmux(arguments.toArray(String[]::new));
  }

  private String screen() throws Exception {
    return tmux("capture-pane", "-p", "-t", "t");
  }

  private void until(String line) {
    Pattern pattern = Pattern.compile("(?m)" + line);
    await().alias(line).atMost(60, TimeUnit.SECONDS).until(() -> pattern.matcher(screen()).find());
  }

  /** What a program writes at once may reach a screen in pieces. */
  private static void eventually(ThrowingRunnable assertion) {
    await().atMost(60, TimeUnit.SECONDS).untilAsserted(assertion);
  }

  private void untilEnd(String end) {
    await().alias(end).atMost(60, TimeUnit.SECONDS).until(() -> screen().strip().endsWith(end));
  }

  /** Asks, and waits for the question. */
  private void ask(String command, String shown) throws Exception {
    type(command, "Enter");
    until(shown);
  }

  /** The terminal is as it was before: its mode, and what tmux knows of it. */
  private void assertRestored() throws Exception {
    untilEnd("host>");
    type("stty -g >after; echo compared", "Enter");
    until("^compared");
    assertThat(Files.readString(temp.resolve("after")))
        .isEqualTo(Files.readString(temp.resolve("before")));
    assertThat(tmux("display-message", "-p", "-t", "t", "#{cursor_flag} #{wrap_flag}").strip())
        .isEqualTo("1 1");
  }

  @Test
  void oneIsTakenAndALineStays() throws Exception {
    ask("./ask one 3", "^> number1");
    eventually(
        () ->
            assertThat(screen())
                .contains(
                    "Which number?\n"
                        + "> number1  the one after 0\n"
                        + "  number2  the one after 1\n"
                        + "  number3  the one after 2\n"
                        + "3 of 3 | arrows or j k move, typing filters, Enter takes, Esc cancels\n"));
    type("Down", "j");
    until("^> number3");
    type("Up");
    until("^> number2");
    type("Enter");
    until("^answer=2");
    eventually(
        () ->
            assertThat(screen())
                .startsWith(
                    "host> ./ask one 3\nWhich number? number2\nanswer=2\ninterrupted=false\nhost>"));
    assertRestored();
  }

  @Test
  void streamsThatLeadElsewhereDoNotMatter() throws Exception {
    ask("./ask one 3 </dev/null 2>errors | tee log", "^> number1");
    type("n", "u", "m", "b", "e", "r", "3");
    until("^Which number\\?  number3");
    type("Enter");
    until("^answer=3");
    untilEnd("host>");
    assertThat(Files.readString(temp.resolve("log"))).isEqualTo("answer=3\ninterrupted=false\n");
    assertThat(Files.readString(temp.resolve("errors"))).isEmpty();
    assertRestored();
  }

  @Test
  void severalAreTakenInTheOrderOfChoosing() throws Exception {
    ask("./ask many 4", "^  \\[1\\] number3");
    type("Space", "Down");
    until("^> \\[ \\] number2");
    type("Enter");
    until("^> \\[3\\] number2");
    eventually(
        () ->
            assertThat(screen())
                .contains("  [2] number1", "  [1] number3", "  done: number3, number1, number2"));
    type("C-d");
    until("^answer=\\[3, 1, 2\\]");
    assertThat(screen()).contains("Which numbers? number3, number1, number2\nanswer=");
    assertRestored();
  }

  @Test
  void aPrefilledTextIsReplacedByTheFirstKey() throws Exception {
    ask("./ask text claude", "^Label\\? claude");
    type("my label");
    until("^Label\\? my label");
    type("Enter");
    until("^answer=my label");
    ask("./ask text codex", "^Label\\? codex");
    type("Enter");
    until("^answer=codex");
    assertRestored();
  }

  @Test
  void aSecretIsNowhereOnTheScreen() throws Exception {
    ask("./ask secret >answer", "^Token\\?");
    type("correct horse");
    until("^Token\\? \\(not shown\\)");
    type("Enter");
    untilEnd("host>");
    assertThat(tmux("capture-pane", "-p", "-S", "-", "-t", "t")).doesNotContain("horse");
    assertThat(Files.readString(temp.resolve("answer"))).startsWith("answer=correct horse\n");
    assertRestored();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Escape", "C-c", "C-d"})
  void aCancelledQuestionLeavesNothingAndTakesNoKeyOfTheNext(String key) throws Exception {
    ask("./ask one 3", "^> number1");
    type(key);
    until("^cancelled");
    eventually(
        () ->
            assertThat(screen())
                .startsWith("host> ./ask one 3\ncancelled\ninterrupted=false\nhost>")
                .doesNotContain("number"));
    type("echo al'l there'", "Enter");
    until("^all there");
    assertRestored();
  }

  @Test
  void isDrawnAnewAtTheNewSize() throws Exception {
    ask("./ask one 40", "^> number1");
    until("^40 of 40");
    tmux("resize-window", "-t", "t", "-x", "24", "-y", "30");
    until("^40 of 40 \\| arrows or j …");
    eventually(
        () ->
            assertThat(screen())
                .contains("Which number?\n> number1   the one aft…\n  number2   the one aft…\n"));
    assertThat(screen().lines().filter(line -> line.startsWith("Which number?"))).hasSize(1);
    type("Up");
    until("^> number40");
    tmux("resize-window", "-t", "t", "-x", "60", "-y", "9");
    until("^> number40  the one after 39");
    until("^40 of 40 \\| arrows or j k move, typing filters, Enter takes,…");
    assertThat(screen().lines().filter(line -> line.startsWith("Which number?"))).hasSize(1);
    type("Enter");
    until("^answer=40");
    assertRestored();
  }

  @Test
  void atTheBottomOfTheScreenItScrollsAndIsDrawnInPlace() throws Exception {
    type("seq 1 100; ./ask one 9", "Enter");
    until("^> number1 ");
    type("Down", "Down", "Down");
    until("^> number4");
    eventually(
        () ->
            assertThat(screen())
                .contains("99\n100\nWhich number?\n  number1")
                .doesNotContain("> number1 "));
    type("Enter");
    until("^answer=4");
    eventually(() -> assertThat(screen()).contains("100\nWhich number? number4\nanswer=4\n"));
    assertRestored();
  }

  @Test
  void whatOthersHaveWrittenSteersNothing() throws Exception {
    ask("./ask hostile", "^> a\\?\\[2J\\?\\]0;owned\\?\\?\\?b  \\?\\[31m\\?");
    assertThat(screen()).contains("host> ./ask hostile\nWhich agent?\n");
    assertThat(tmux("display-message", "-p", "-t", "t", "#{pane_title}")).doesNotContain("owned");
    type("Escape");
    until("^cancelled");
    assertRestored();
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
  void aSignalRestoresTheTerminalAndTakesTheQuestionAway(String signal, int exitCode)
      throws Exception {
    ask("sh -c 'echo $$ >pid; exec ./ask one 3'; echo code=$?", "^> number1");
    String pid = Files.readString(temp.resolve("pid")).strip();
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
    until("^code=" + exitCode);
    assertThat(screen()).doesNotContain("number1").doesNotContain("Which number?");
    assertRestored();
  }

  @Test
  void aThreadThatIsInterruptedGoesOnInterrupted() throws Exception {
    ask("sh -c 'echo $$ >pid; exec ./ask interrupted'", "^> number1");
    String pid = Files.readString(temp.resolve("pid")).strip();
    assertThat(new ProcessBuilder("kill", "-TERM", pid).start().waitFor()).isZero();
    until("^cancelled");
    until("^interrupted=true");
    assertRestored();
  }

  @ParameterizedTest
  @ValueSource(strings = {"setsid -w ./ask one 3", "TERM=dumb ./ask one 3", "TERM= ./ask secret"})
  void withoutATerminalItIsSaidWhatToDo(String command) throws Exception {
    type(command, "Enter");
    until("^Error: no terminal to ask on; name the agent: carafe start NAME");
    assertRestored();
  }

  @Test
  void aTerminalThatGoesAwayEndsTheQuestion() throws Exception {
    ask("trap '' HUP; ./ask one 3 >answer", "^> number1");
    tmux("kill-session", "-t", "t");
    await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> Files.readString(temp.resolve("answer")).startsWith("cancelled"));
  }
}
