package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgramTest {
  private static final Optional<String> PROMPT = Optional.of("/home/node/prompt");
  private static final Optional<String> NO_PROMPT = Optional.empty();
  private static final Program CLAUDE = new Claude().program(Requests.NOTHING);
  private static final Program CODEX = new Codex().program(Requests.NOTHING);

  @Test
  void claudeGetsItsPromptFileBeforeTheUsersArguments() {
    assertThat(CLAUDE.interactive(false, PROMPT, List.of("--model", "x")))
        .containsExactly(
            "claude",
            "--dangerously-skip-permissions",
            "--append-system-prompt-file",
            "/home/node/prompt",
            "--model",
            "x");
    assertThat(CLAUDE.interactive(true, NO_PROMPT, List.of()))
        .containsExactly("claude", "--continue", "--dangerously-skip-permissions");
  }

  @Test
  void codexIsToldToReadItsPromptFileAfterTheUsersArguments() {
    assertThat(CODEX.interactive(false, PROMPT, List.of("--search")))
        .containsExactly(
            "codex",
            "--dangerously-bypass-approvals-and-sandbox",
            "--search",
            "--",
            "Read the file /home/node/prompt first, and do as it says.");
  }

  @Test
  void aResumedSessionHasReadItsPromptAlready() {
    assertThat(CODEX.interactive(true, PROMPT, List.of()))
        .containsExactly("codex", "resume", "--last", "--dangerously-bypass-approvals-and-sandbox");
    assertThat(CODEX.headless(true, PROMPT, List.of(), "go on"))
        .containsExactly(
            "codex",
            "exec",
            "--skip-git-repo-check",
            "resume",
            "--last",
            "--dangerously-bypass-approvals-and-sandbox",
            "--",
            "go on");
  }

  @Test
  void aTaskIsTheLastArgumentAndNeverAnOption() {
    assertThat(CLAUDE.headless(false, PROMPT, List.of("--allowedTools", "Bash"), "--help"))
        .containsExactly(
            "claude",
            "-p",
            "--dangerously-skip-permissions",
            "--append-system-prompt-file",
            "/home/node/prompt",
            "--allowedTools",
            "Bash",
            "--",
            "--help");
    assertThat(CODEX.headless(false, PROMPT, List.of(), "-x").getLast())
        .isEqualTo("Read the file /home/node/prompt first, and do as it says.\n\n-x");
  }

  @Test
  void aTaskCanBeTheValueOfAnOption() {
    assertThat(program("-q", "--prompt={prompt}").headless(false, NO_PROMPT, List.of(), "-x"))
        .containsExactly("agent", "-q", "--prompt=-x");
    assertThat(program("-p", "{prompt}").headless(false, NO_PROMPT, List.of(), "-x"))
        .as("a program may take what follows -p for an option")
        .containsExactly("agent", "-p", " -x");
  }

  @Test
  void aProgramWithoutSuchArgumentsTakesNoTask() {
    Program shell =
        new Program(List.of("make"), PromptMode.NONE, List.of(), List.of(), Optional.empty());
    assertThat(shell.interactive(false, PROMPT, List.of("test"))).containsExactly("make", "test");
    assertThatThrownBy(() -> shell.headless(false, NO_PROMPT, List.of(), "x"))
        .isInstanceOf(IllegalStateException.class);
  }

  private static Program program(String... prompt) {
    return new Program(
        List.of("agent"),
        PromptMode.NONE,
        List.of(),
        List.of(),
        Optional.of(new Program.Headless(List.of(), List.of(prompt))));
  }
}
