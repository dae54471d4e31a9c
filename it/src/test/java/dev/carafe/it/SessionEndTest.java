package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.image.Home;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked in a terminal when a session ends, and what becomes of each answer. */
class SessionEndTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String QUESTION =
      "The workspace was changed, and not pulled. Keep the bottle? [Y/n, p pulls first]";

  @TempDir static Path directory;

  private static Map<String, String> environment;
  private static Path project;

  @BeforeAll
  static void make() throws Exception {
    environment = new HashMap<>(Lab.environment());
    environment.put("XDG_CONFIG_HOME", directory.resolve("config").toString());
    environment.put("XDG_STATE_HOME", directory.resolve("state").toString());
    Path config = Home.of(environment).config();
    Path recipe =
        Files.writeString(
            Files.createDirectories(config).resolve("user.yaml"),
            "base: base\nuser: node\nsteps:\n  - root: useradd -m -u 1000 -s /bin/bash node\n");
    Files.writeString(
        Files.createDirectory(config.resolve("bottles")).resolve("plain.md"),
        "---\nagent_provider: {template: shell, recipe: " + recipe + "}\n---\n");
    Files.writeString(
        Files.createDirectory(config.resolve("agents")).resolve("plain.md"),
        "---\nbottle: plain\n---\n");
    project = Files.createDirectory(directory.resolve("project"));
    Files.writeString(project.resolve("NOTES"), "an idea\n");
    assertThat(carafe("start", "plain", "--image-only", "--quiet").exitCode()).isZero();
  }

  private static Program carafe(String... arguments) throws Exception {
    return Program.carafe(environment, arguments);
  }

  /** A session in a terminal, in which this is typed, to the question. */
  private static Screen session(String name, String typed) throws Exception {
    List<String> command = new ArrayList<>(List.of("env"));
    environment.forEach((variable, value) -> command.add(variable + "=" + value));
    command.add(Lab.launcher().toString());
    command.addAll(List.of("start", "plain", "--cwd", project.toString()));
    Screen screen = new Screen(Files.createDirectory(directory.resolve(name)), 100, 30, command);
    screen.until("[y/N]", PATIENCE);
    screen.type("y");
    screen.press("Enter");
    screen.until("starting the agent", PATIENCE);
    screen.type(typed + "; exit");
    screen.press("Enter");
    return screen;
  }

  private static void answer(Screen screen, String question, String answer) throws Exception {
    screen.until(question, PATIENCE);
    screen.type(answer);
    screen.press("Enter");
  }

  private static void nothingIsThere() {
    await()
        .atMost(PATIENCE)
        .until(() -> carafe("list").out(), out -> out.equals("There are no bottles.\n"));
  }

  @Test
  void whatIsPulledAtTheEndIsHereAndTheBottleGoes() throws Exception {
    try (Screen screen = session("pulled", "echo made > made; rm NOTES")) {
      answer(screen, QUESTION, "p");
      screen.until("added    made", PATIENCE);
      screen.until("deleted  NOTES", PATIENCE);
      answer(screen, "Bring these here?", "y");
      screen.until("Brought back: 2", PATIENCE);
      nothingIsThere();
    }
    assertThat(project.resolve("made")).hasContent("made");
    assertThat(project.resolve("NOTES")).doesNotExist();
    Files.delete(project.resolve("made"));
    Files.writeString(project.resolve("NOTES"), "an idea\n");
  }

  @Test
  void aTaskThatNobodyWatchesBringsItsWorkHereWhenItWasToldTo() throws Exception {
    Program task =
        carafe(
            "start",
            "plain",
            "--cwd",
            project.toString(),
            "--headless",
            "--pull",
            "--",
            "-c",
            "echo made > made; exit 3");
    assertThat(task.exitCode()).as(task.stderr()).isEqualTo(3);
    assertThat(task.stderr()).contains("added    made\nBrought back: 1\n");
    assertThat(project.resolve("made")).hasContent("made");
    Files.delete(project.resolve("made"));
    nothingIsThere();
  }

  @Test
  void whatIsNotBroughtHereAfterAllIsKept() throws Exception {
    try (Screen screen = session("kept", "mv NOTES RENAMED")) {
      answer(screen, QUESTION, "p");
      answer(screen, "Bring these here?", "");
      screen.until("To go on: carafe resume plain-", PATIENCE);
    }
    assertThat(project.resolve("NOTES")).hasContent("an idea");
    String slug = carafe("list").out().lines().skip(1).findFirst().orElseThrow().split(" ")[0];
    Program gone = carafe("resume", slug, "--yes", "--headless", "--", "-c", "cat RENAMED");
    assertThat(gone.out()).isEqualTo("an idea\n");
    assertThat(carafe("bottle", "rm", "--yes", slug).exitCode()).isZero();
  }

  @Test
  void whatWasDeclinedIsGoneAndWhatWasNotChangedIsNotAskedAbout() throws Exception {
    try (Screen screen = session("gone", "echo made > made")) {
      answer(screen, QUESTION, "n");
      nothingIsThere();
    }
    try (Screen screen = session("unchanged", "cat NOTES")) {
      screen.until("an idea", PATIENCE);
      nothingIsThere();
      assertThat(screen.text()).doesNotContain("Keep the bottle?");
    }
    assertThat(project.resolve("made")).doesNotExist();
  }
}
