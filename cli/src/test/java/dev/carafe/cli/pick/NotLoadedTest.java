package dev.carafe.cli.pick;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotLoadedTest {
  @TempDir Path temp;

  @Test
  void aVerbThatAsksNothingDoesNotPayForQuestions() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xlog:class+load",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.carafe.cli.Main",
            "machine",
            "ls");
    builder.environment().keySet().removeIf(name -> name.startsWith("XDG_"));
    builder.environment().putAll(Map.of("HOME", temp.toString()));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    List<String> loaded =
        said.lines()
            .filter(line -> line.contains(" org.jline.") || line.contains(" dev.carafe.cli.pick."))
            .toList();
    assertThat(said).contains(" dev.carafe.cli.Cli source: ");
    // That there may be no terminal is known to whoever prints what went wrong.
    assertThat(loaded).allMatch(line -> line.contains("NoTerminalException"));
  }
}
