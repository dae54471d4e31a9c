package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompletionTest {
  @TempDir Path home;

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh"})
  void theScriptForBashKnowsVerbsAndOptionsAndNoneThatAreRefused(String shell) {
    String script = Caller.carafe().call("completion", shell).out();
    assertThat(script)
        .contains("data-dir", "--workdir")
        .contains("(\"active\" \"all\" \"available\")", "(\"agent\" \"bottle\" \"provider\")")
        .contains("(\"bash\" \"zsh\" \"fish\")")
        .doesNotContain("--gpu-vram", "_relay");
  }

  @Test
  void theScriptForFishKnowsVerbsAndOptionsAndNoneThatAreRefused() {
    String script = Caller.smolvm().call("completion", "fish").out();
    assertThat(script)
        .contains("complete -c smolvm -n __fish_use_subcommand -a machine")
        .contains("-s w -l workdir -r -d 'Working directory")
        .contains("-n '__fish_seen_subcommand_from list' -a 'active all available'\n")
        .contains("-a 'bash zsh fish'\n", "-a 'agent bottle provider'\n")
        .doesNotContain("gpu-vram", "_relay");
  }

  @Test
  void bashCompletesTheNamesThatThereAre() throws IOException {
    Files.writeString(home.resolve("script"), Caller.carafe().call("completion", "bash").out());
    for (String file :
        List.of(
            ".config/carafe/agents/claude.md",
            ".config/carafe/agents/$(touch stolen).md",
            ".config/carafe/agents/README",
            "work/.carafe/agents/reviewer.md",
            ".local/state/carafe/bottles/naming",
            ".local/state/carafe/bottles/work-0a1b2/record",
            ".local/share/carafe/machines/.new-1/spec",
            ".local/share/carafe/machines/box_1/spec")) {
      Files.createDirectories(home.resolve(file).getParent());
      Files.writeString(home.resolve(file), "");
    }
    assertThat(completed("start", "")).containsExactlyInAnyOrder("claude", "reviewer");
    assertThat(completed("start", "re")).containsExactly("reviewer");
    assertThat(completed("resume", "")).containsExactly("work-0a1b2");
    assertThat(completed("bottle", "export", "w")).containsExactly("work-0a1b2");
    assertThat(completed("machine", "stop", "")).containsExactly("box_1");
    assertThat(completed("pull", "work-0a1b2", "w")).isEmpty();
    assertThat(completed("start", "--cwd", ".ca")).containsExactly(".carafe");
    assertThat(home.resolve("work/stolen")).doesNotExist();
  }

  /** What bash offers for the last word of a line that is typed in {@code ~/work}. */
  private List<String> completed(String... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add("bash");
    command.add("-c");
    command.add(
        """
        source ~/script
        compopt() { :; } # which is for the shell that completes itself
        COMP_WORDS=(carafe "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"
        COMP_POINT=${#COMP_LINE}
        _complete_carafe
        printf '%s\\n' "${COMPREPLY[@]}"
        """);
    command.add("bash");
    command.addAll(List.of(words));
    ProcessBuilder bash = new ProcessBuilder(command).directory(home.resolve("work").toFile());
    bash.redirectErrorStream(true);
    bash.environment().keySet().removeIf(name -> name.startsWith("XDG_"));
    bash.environment().put("HOME", home.toString());
    String out = new String(bash.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return out.lines().filter(line -> !line.isEmpty()).toList();
  }
}
