package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Users' tests get bottles, by {@link dev.carafe.junit.BottleTest}, in a JVM of their own. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class BottleExtensionTest {
  @TempDir Path directory;

  private record Run(int exitCode, String out, String errors) {
    /** What stands behind a word at the beginning of a line. */
    String after(String word) {
      return out.lines()
          .filter(line -> line.startsWith(word + " "))
          .map(line -> line.substring(word.length() + 1))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no '" + word + "' in\n" + out + errors));
    }
  }

  private Run run(Class<?> tests) throws Exception {
    Path errors = directory.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                JUnitRun.class.getName(),
                tests.getName())
            .directory(directory.toFile())
            .redirectError(errors.toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(Lab.environment());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    return new Run(process.waitFor(), out, Files.readString(errors));
  }

  @Test
  void testsShareABottleOrHaveTheirOwnAndNothingIsLeft() throws Exception {
    List<String> before = traces();
    Files.writeString(
        Files.createDirectory(directory.resolve("project")).resolve("NOTES"), "an idea\n");
    Run run = run(BottleSamples.Shared.class);
    assertThat(run.out())
        .contains(
            "passed aFirst(Bottle, Machine)\n",
            "passed bSecond(Bottle)\n",
            "passed cOwn(Bottle)\n",
            "failed dFails(Bottle): expected: <nothing>",
            "passed last(Bottle)\n");
    assertThat(run.exitCode()).isEqualTo(1);
    String shared = run.after("shared");
    assertThat(shared).isEqualTo(run.after("within")).isNotEqualTo(run.after("own"));
    assertThat(run.errors())
        .containsOnlyOnce("The log of bottle '")
        .contains("The log of bottle '" + shared + "':\n", " ready\n");
    assertThat(traces()).isEqualTo(before);
  }

  @Test
  void whatCannotBeLaunchedIsASentence() throws Exception {
    assertThat(run(BottleSamples.Mistaken.class).out())
        .contains("there is no agent 'nobody'")
        .contains("take the agent away, or the others");
    assertThat(run(BottleSamples.TooEarly.class).out())
        .contains("failed never()", "ask for it in the test, or in a method before or after");
  }

  private static List<String> traces() throws Exception {
    List<String> traces = new ArrayList<>(Lab.traces());
    Path bottles = Lab.HOME.state().resolve("bottles");
    if (Files.exists(bottles)) {
      try (Stream<Path> all = Files.list(bottles)) {
        all.forEach(path -> traces.add(path.toString()));
      }
    }
    return traces;
  }
}
