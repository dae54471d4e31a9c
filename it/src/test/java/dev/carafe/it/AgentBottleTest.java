package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.image.Home;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real Claude Code and the real Codex in bottles, by the command line as a user calls it: made
 * by their recipes, launched, used, frozen, left and resumed. A server on loopback stands in for
 * their models'; the credential is the sidecar's alone.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class AgentBottleTest {
  private static final String CLAUDE_TOKEN = "carafe-test-claude-" + "5b81f0c2a97e46d3";
  private static final String CODEX_KEY = "carafe-test-codex-" + "c09e3d41f7724b8a";
  private static final String WORKSPACE = "/home/node/workspace";

  /** An emulated agent takes seconds to begin, and tens of them when the host is busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir static Path directory;

  private static ModelServer model;
  private static HostProxy proxy;
  private static Map<String, String> environment;
  private static Path repository;
  private static String codexToken;

  @BeforeAll
  @Timeout(value = 40, unit = TimeUnit.MINUTES)
  static void make() throws Exception {
    ServerKeys keys =
        ServerKeys.make(directory, ModelServer.ANTHROPIC, ModelServer.OPENAI, ModelServer.CHATGPT);
    model = new ModelServer(keys);
    proxy =
        new HostProxy()
            .lead(ModelServer.ANTHROPIC, model.port())
            .lead(ModelServer.OPENAI, model.port())
            .lead(ModelServer.CHATGPT, model.port());
    environment = new HashMap<>(Lab.environment());
    environment.put("XDG_CONFIG_HOME", directory.resolve("config").toString());
    environment.put("CLAUDE_CODE_OAUTH_TOKEN", CLAUDE_TOKEN);
    environment.put("OPENAI_API_KEY", CODEX_KEY);
    environment.remove("ANTHROPIC_API_KEY");
    Path manifests = Files.createDirectories(Home.of(environment).config());
    for (String name : List.of("claude", "codex")) {
      declare(manifests.resolve("bottles"), name, bottle("template: " + name, keys));
      declare(manifests.resolve("agents"), name, "bottle: " + name);
    }
    declare(
        manifests.resolve("bottles"),
        "login",
        bottle("template: codex, forward_host_credentials: true", keys));
    declare(manifests.resolve("agents"), "login", "bottle: login");
    login();
    repository = Files.createDirectory(directory.resolve("project"));
    Files.writeString(repository.resolve("README"), "a project\n");
    Files.writeString(repository.resolve(".gitignore"), "secret.txt\n");
    Files.writeString(repository.resolve("secret.txt"), "not for agents\n");
    git("init", "-q");
    git("add", "-A");
    git("-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "first");
    for (String name : List.of("claude", "codex")) {
      Program made = carafe("start", name, "--image-only");
      assertThat(made.exitCode()).as(made.stderr()).isZero();
    }
    // Only now: the registries, which the images were made from, are not behind this proxy.
    environment.put("HTTPS_PROXY", proxy.url());
  }

  @AfterAll
  static void end() throws Exception {
    proxy.close();
    model.close();
  }

  private static void declare(Path directory, String name, String keys) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(name + ".md"), "---\n" + keys + "\n---\nBe brief.\n");
  }

  private static String bottle(String provider, ServerKeys keys) {
    return "agent_provider: {"
        + provider
        + "}\ngit-gate:\n  user: {name: Agent, email: agent@example.com}\negress:\n  ca: "
        + keys.certificate()
        + "\n  routes: []";
  }

  /** The file in which the host's Codex would have its login. */
  private static void login() throws IOException {
    long until = Instant.now().plus(Duration.ofDays(1)).getEpochSecond();
    String claims = "{\"email\":\"me@example.com\",\"exp\":" + until + "}";
    codexToken = base64("{}") + "." + base64(claims) + "." + base64("signature");
    Path home = Files.createDirectory(directory.resolve("codex"));
    Files.writeString(
        home.resolve("auth.json"),
        "{\"auth_mode\":\"chatgpt\",\"tokens\":{\"access_token\":\""
            + codexToken
            + "\",\"account_id\":\""
            + ModelServer.ACCOUNT
            + "\"}}");
    environment.put("CODEX_HOME", home.toString());
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void git(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("git", "-C", repository.toString()));
    command.addAll(List.of(arguments));
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  private static Program carafe(String... arguments) throws Exception {
    return Program.carafe(environment, arguments);
  }

  private static String ok(String... arguments) throws Exception {
    Program program = carafe(arguments);
    assertThat(program.exitCode()).as(program.out() + program.stderr()).isZero();
    return program.out();
  }

  /** The slug of the one bottle whose label is this. */
  private static String slug(String label) throws Exception {
    for (String line : ok("list").lines().skip(1).toList()) {
      String[] words = line.split(" +");
      if (words[1].equals(label)) {
        return words[0];
      }
    }
    return "";
  }

  private static String state(String label) throws Exception {
    return ok("list")
        .lines()
        .filter(line -> line.contains(" " + label + " "))
        .findFirst()
        .orElse("");
  }

  /** No file of the guest's, and no process's environment, has it. */
  private static void theGuestHasNever(String slug, String credential) throws Exception {
    Program search =
        carafe(
            "exec",
            "-u",
            "root",
            slug,
            "--",
            "sh",
            "-c",
            "grep -rlF -e \"$0\" /home /root /tmp /etc /var 2>/dev/null;"
                + " tr '\\0' '\\n' < /proc/self/environ | grep -cF -e \"$0\"",
            credential);
    assertThat(search.out()).isEqualTo("0\n");
  }

  @Test
  void claudeDoesATaskWithoutATerminalAndGoesOnWhereItWas() throws Exception {
    Program first =
        carafe(
            "start",
            "claude",
            "--label",
            "tasks",
            "--cwd",
            repository.toString(),
            "--headless",
            "--keep",
            "--prompt",
            "write " + WORKSPACE + "/one.txt");
    assertThat(first.exitCode()).as(first.stderr()).isZero();
    assertThat(first.out()).startsWith("turn 1");
    assertThat(first.stderr()).contains("[auth:bearer]").doesNotContain(CLAUDE_TOKEN);
    String slug = slug("tasks");
    assertThat(state("tasks")).contains(" kept ");
    Program second = carafe("resume", slug, "--headless", "--prompt", "run cat one.txt README; ls");
    assertThat(second.exitCode()).as(second.stderr()).isZero();
    assertThat(second.out())
        .startsWith("turn 2, told: " + ModelServer.CONTENT)
        .contains("a project")
        .contains("README")
        .doesNotContain("secret.txt");
    assertThat(model.at("/v1/messages"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + CLAUDE_TOKEN));
    assertThat(ok("logs", slug, "--egress")).contains(ModelServer.ANTHROPIC);
    ok("bottle", "rm", "--yes", slug);
    assertThat(slug("tasks")).isEmpty();
  }

  @Test
  void codexDoesATaskWithoutATerminal() throws Exception {
    Program program =
        carafe(
            "start",
            "codex",
            "--cwd",
            repository.toString(),
            "--headless",
            "--prompt",
            "write " + WORKSPACE + "/two.txt");
    assertThat(program.exitCode()).as(program.out() + program.stderr()).isZero();
    assertThat(program.out()).contains("turn 1");
    assertThat(model.at("/v1/responses"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + CODEX_KEY));
    assertThat(slug("codex")).as("nothing is left of it").isEmpty();
  }

  @Test
  void codexUsesTheHostsLoginAndHasNoneOfIt() throws Exception {
    Program program =
        carafe("start", "login", "--headless", "--keep", "--prompt", "write /home/node/four.txt");
    assertThat(program.exitCode()).as(program.out() + program.stderr()).isZero();
    assertThat(model.at("/backend-api/codex/responses"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + codexToken));
    ok("bottle", "rm", "--yes", slug("login"));
  }

  @Test
  void codexWorksInATerminalAndAsksNothingFirst(@TempDir Path socket) throws Exception {
    try (Screen screen = screen(socket, "start", "codex", "--yes", "--label", "codex-talk")) {
      // Its first turn is to read its prompt.
      screen.until("turn 1", PATIENCE);
      submit(screen, "write /home/node/six.txt", "turn 2");
      String slug = slug("codex-talk");
      assertThat(ok("exec", slug, "--", "cat", "/home/node/six.txt"))
          .isEqualTo(ModelServer.CONTENT);
      theGuestHasNever(slug, CODEX_KEY);
    }
    // Whose terminal goes away has not said that the work may go, too.
    await().atMost(PATIENCE).until(() -> state("codex-talk").contains(" kept "));
    ok("bottle", "rm", "--yes", slug("codex-talk"));
  }

  @Test
  void claudeInATerminalIsFrozenWhileItWorksLeftAndResumed(@TempDir Path socket) throws Exception {
    String slug;
    try (Screen screen =
        screen(
            socket,
            "start",
            "claude",
            "--yes",
            "--label",
            "talk",
            "--cwd",
            repository.toString())) {
      screen.until("talk", PATIENCE);
      await().atMost(PATIENCE).until(() -> state("talk").contains(" running "));
      slug = slug("talk");
      submit(screen, "write " + WORKSPACE + "/three.txt", "turn 1");
      screen.resize(70, 30);
      assertThat(ok("exec", slug, "--", "cat", "three.txt")).isEqualTo(ModelServer.CONTENT);
      assertThat(ok("diff", slug)).contains("+written by the agent");
      assertThat(ok("diff", slug, "--json")).contains("\"path\" : \"three.txt\"");
      assertThat(ok("attach", slug)).as("a shell that is told nothing").isEmpty();
      theGuestHasNever(slug, CLAUDE_TOKEN);
      assertThat(ok("freeze", slug)).contains("carafe resume " + slug);
      // It goes on working, in the terminal's new size.
      submit(screen, "run id -un", "turn 2, told: node");
      assertThat(ok("pull", slug, "three.txt", "--yes")).contains("Brought back: 1");
      assertThat(repository.resolve("three.txt")).hasContent(ModelServer.CONTENT.strip());
      Files.delete(repository.resolve("three.txt"));
      assertThat(ok("pull", slug, "three.txt", "--json"))
          .containsSubsequence("\"brought\"", "\"path\" : \"three.txt\"", "\"left\" : [ ]");
      Files.delete(repository.resolve("three.txt"));
      submit(screen, "/exit", "To go on: carafe resume " + slug);
    }
    assertThat(state("talk")).contains(" frozen ");
    assertThat(ok("machine", "ls")).doesNotContain(slug);
    Program second =
        carafe("resume", slug, "--headless", "--prompt", "run cat " + WORKSPACE + "/three.txt");
    assertThat(second.exitCode()).as(second.stderr()).isZero();
    // Frozen after its first turn: that is what it remembers.
    assertThat(second.out()).startsWith("turn 2, told: " + ModelServer.CONTENT);
    Path file = directory.resolve("talk.bottle");
    ok("bottle", "export", slug, "-o", file.toString());
    assertThat(containsText(file, CLAUDE_TOKEN)).isFalse();
    ok("bottle", "rm", "--yes", slug);
    assertThat(ok("bottle", "import", file.toString())).contains("Imported: " + slug);
    assertThat(state("talk")).contains(" frozen ");
    ok("bottle", "rm", "--yes", slug);
  }

  /**
   * Says something, and waits for an answer. Keys that come at once are taken for a paste, in which
   * Enter is the end of a line: so it is pressed again, which does nothing where it was understood.
   */
  private static void submit(Screen screen, String text, String answer) throws Exception {
    screen.type(text);
    screen.until(text, PATIENCE);
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofSeconds(10))
        .pollDelay(Duration.ofSeconds(1))
        .until(
            () -> {
              if (screen.text().contains(answer)) {
                return true;
              }
              screen.press("Enter");
              return false;
            });
  }

  private static Screen screen(Path socket, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("env"));
    for (String name :
        List.of(
            "XDG_CONFIG_HOME",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "OPENAI_API_KEY",
            "CODEX_HOME",
            "HTTPS_PROXY")) {
      command.add(name + "=" + environment.get(name));
    }
    command.add(Lab.launcher().toString());
    command.addAll(List.of(arguments));
    return new Screen(socket, 100, 40, command);
  }

  private static boolean containsText(Path file, String text) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
  }

  @Test
  void aMissingVariableIsSaidBeforeAnythingIsDone() throws Exception {
    Map<String, String> without = new HashMap<>(environment);
    without.remove("CLAUDE_CODE_OAUTH_TOKEN");
    Program program =
        Program.carafe(without, "start", "claude", "--headless", "--prompt", "anything");
    assertThat(program.exitCode()).isEqualTo(1);
    assertThat(program.stderr()).contains("CLAUDE_CODE_OAUTH_TOKEN").doesNotContain("Exception");
  }

  @Test
  void aPlanIsShownAndNothingIsDone() throws Exception {
    List<String> before = traces();
    String plan = ok("start", "claude", "--cwd", repository.toString(), "--dry-run");
    assertThat(plan)
        .contains("Provider:    claude: claude", ModelServer.ANTHROPIC, "[auth:bearer]")
        .doesNotContain(CLAUDE_TOKEN);
    assertThat(ok("start", "claude", "--dry-run", "--json")).startsWith("{");
    assertThat(traces()).isEqualTo(before);
  }

  private static List<String> traces() throws IOException {
    List<String> traces = new ArrayList<>(Lab.traces());
    Path bottles = Home.of(environment).state().resolve("bottles");
    if (Files.exists(bottles)) {
      try (Stream<Path> all = Files.list(bottles)) {
        all.forEach(path -> traces.add(path.toString()));
      }
    }
    return traces;
  }
}
