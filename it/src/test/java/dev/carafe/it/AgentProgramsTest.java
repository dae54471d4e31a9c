package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.provider.GuestFile;
import dev.carafe.bottle.provider.HostRegistries;
import dev.carafe.bottle.provider.Provider;
import dev.carafe.bottle.provider.Providers;
import dev.carafe.bottle.provider.Provision;
import dev.carafe.bottle.provider.ProvisionRequest;
import dev.carafe.bottle.provider.Recipe;
import dev.carafe.egress.routes.DeclaredAuth;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real Claude Code and the real Codex, installed by their recipes in one emulated machine, talk
 * to a server that stands in for their models': they work, with a credential that the guest never
 * holds.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class AgentProgramsTest {
  private static final String CLAUDE_TOKEN = "carafe-test-claude-" + "5b81f0c2a97e46d3";
  private static final String CODEX_KEY = "carafe-test-codex-" + "c09e3d41f7724b8a";
  private static final String HOME = "/home/node";

  /** Codex once more, with what it is logged in with on the host, and a home of its own. */
  private static final String LOGIN = "codex-login";

  private static final String WORKSPACE = HOME + "/workspace";

  /** An emulated agent takes seconds to begin, and tens of them when the host is busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Machines MACHINES = Lab.machines();

  @TempDir static Path directory;

  private static ModelServer model;
  private static HostProxy proxy;
  private static Machine machine;
  private static Sidecar sidecar;
  private static Map<String, String> environment;
  private static String codexToken;
  private static final Map<String, Provision> PROVISIONS = new HashMap<>();
  private static final Map<String, Provider> PROVIDERS = new HashMap<>();

  @BeforeAll
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  static void install() throws Exception {
    ServerKeys keys =
        ServerKeys.make(directory, ModelServer.ANTHROPIC, ModelServer.OPENAI, ModelServer.CHATGPT);
    model = new ModelServer(keys);
    proxy =
        new HostProxy()
            .lead(ModelServer.ANTHROPIC, model.port())
            .lead(ModelServer.OPENAI, model.port())
            .lead(ModelServer.CHATGPT, model.port());
    environment = new HashMap<>(Lab.environment());
    environment.put("CLAUDE_CODE_OAUTH_TOKEN", CLAUDE_TOKEN);
    environment.remove("ANTHROPIC_API_KEY");
    environment.put("OPENAI_API_KEY", CODEX_KEY);
    Providers providers = Providers.find(new ManifestPlaces(directory, directory), environment);
    for (String name : List.of("claude", "codex")) {
      PROVIDERS.put(name, providers.named(name));
    }
    MachineSpec made =
        SidecarSpec.prepare(MachineSpec.named(Lab.name("agents")), write("routes: []\n"));
    machine = MACHINES.create(made);
    build(made);
    List<DeclaredRoute> routes = new ArrayList<>();
    login();
    for (String name : List.of("claude", "codex", LOGIN)) {
      Provision provision = provider(name).provision(request(name));
      PROVISIONS.put(name, provision);
      routes.addAll(provision.routes());
      place(provision);
    }
    environment.put("HTTPS_PROXY", proxy.url());
    write("ca: " + keys.certificate() + "\nroutes:\n" + text(routes));
    sidecar = Sidecar.open(machine, SidecarSpec.of(made, environment).orElseThrow());
  }

  @AfterAll
  static void delete() throws Exception {
    machine.delete();
    MACHINES.close();
    proxy.close();
    model.close();
  }

  /** Runs the steps of both recipes, those that are the same once. */
  private static void build(MachineSpec made) throws Exception {
    Recipe claude = PROVIDERS.get("claude").recipe().orElseThrow();
    Recipe codex = PROVIDERS.get("codex").recipe().orElseThrow();
    HostRegistries.Access access = HostRegistries.access(claude, System.getenv(), Path.of("/"));
    List<String> allow = access.allow().stream().map(range -> "'" + range + "'").toList();
    write(
        "routes:\n"
            + text(access.routes())
            + (allow.isEmpty() ? "" : "allow: [" + String.join(", ", allow) + "]\n"));
    sidecar = Sidecar.start(machine, SidecarSpec.of(made, Lab.environment()).orElseThrow());
    List<Recipe.Step> steps = new ArrayList<>(claude.steps());
    codex.steps().stream().filter(step -> !steps.contains(step)).forEach(steps::add);
    for (Recipe.Step step : steps) {
      long begun = System.nanoTime();
      ExecResult result =
          machine.run(
              ExecSpec.of("/bin/sh", "-euc", "exec 2>&1\n" + step.script())
                  .withUser(step.root() ? "0" : claude.user())
                  .withEnv(access.env())
                  .withTimeout(Duration.ofMinutes(15)));
      assertThat(result.exitCode()).as(result.out()).isZero();
      System.out.println(
          "· step of "
              + (System.nanoTime() - begun) / 1_000_000
              + " ms: "
              + step.script().lines().skip(1).findFirst().orElse(step.script()));
    }
    sidecar.close();
  }

  private static Path write(String text) throws IOException {
    Path written = Files.writeString(directory.resolve("routes.new"), "version: 1\n" + text);
    return Files.move(
        written, directory.resolve("routes.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static String text(List<DeclaredRoute> routes) {
    StringBuilder text = new StringBuilder();
    for (DeclaredRoute route : routes) {
      text.append("  - host: ").append(route.route().host()).append('\n');
      if (route.auth().isPresent()) {
        DeclaredAuth auth = route.auth().get();
        text.append("    dlp: {outbound: redact}\n");
        text.append("    auth: {scheme: bearer, token: {").append(text(auth)).append("}}\n");
      }
    }
    return text.toString();
  }

  private static String text(DeclaredAuth auth) {
    return switch (auth.reference()) {
      case SecretReference.Variable variable -> "env: " + variable.variable();
      case SecretReference.Field field ->
          "file: " + field.path() + ", field: " + String.join(".", field.keys());
      default -> throw new IllegalArgumentException(auth.reference().name());
    };
  }

  private static Provider provider(String name) {
    return PROVIDERS.get(name.equals(LOGIN) ? "codex" : name);
  }

  private static String home(String name) {
    return name.equals(LOGIN) ? HOME + "/login" : HOME;
  }

  private static ProvisionRequest request(String name) {
    return new ProvisionRequest(
        new AgentProvider(
            provider(name).name(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            name.equals(LOGIN),
            Map.of()),
        environment,
        directory,
        home(name),
        WORKSPACE,
        Optional.of("the lab"),
        Optional.of(Color.BLUE),
        Instant.now());
  }

  /** The file in which the host's Codex would have its login. */
  private static void login() throws IOException {
    long until = Instant.now().plus(Duration.ofDays(1)).getEpochSecond();
    String claims = "{\"email\":\"me@example.com\",\"exp\":" + until + "}";
    codexToken = base64("{}") + "." + base64(claims) + "." + base64("signature");
    Files.createDirectory(directory.resolve(".codex"));
    Files.writeString(
        directory.resolve(".codex/auth.json"),
        "{\"auth_mode\":\"chatgpt\",\"tokens\":{\"access_token\":\""
            + codexToken
            + "\",\"account_id\":\""
            + ModelServer.ACCOUNT
            + "\"}}");
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void place(Provision provision) throws IOException {
    for (GuestFile file : provision.files()) {
      Path content = Files.write(directory.resolve("content"), file.content());
      machine.copyIn(
          content, file.path(), CopyOptions.DEFAULT.withMode(file.mode()).withOwner(1000, 1000));
    }
    root("mkdir -p " + WORKSPACE + " && chown -R node:node " + HOME);
  }

  private static ExecResult root(String script) {
    return machine.run(ExecSpec.shell(script).withUser("0"));
  }

  private static ExecResult agent(String name, List<String> argv) {
    return machine.run(
        ExecSpec.of(argv)
            .withUser("node")
            .withDirectory(WORKSPACE)
            .withEnv(PROVISIONS.get(name).env())
            .withEnv("HOME", home(name))
            .withTimeout(PATIENCE));
  }

  private static ExecResult headless(String name, boolean resumed, String task) throws Exception {
    List<String> argv =
        provider(name)
            .program(request(name).declared())
            .headless(resumed, Optional.empty(), List.of(), task);
    return agent(name, argv);
  }

  private static String workspace(String file) {
    return root("cat " + WORKSPACE + "/" + file).out();
  }

  private static void theGuestHasNever(String credential) {
    assertThat(root("grep -rlF " + credential + " /home /root /tmp /etc /var; env").out())
        .doesNotContain(credential, "/home/node");
  }

  @Test
  void bothTellTheirVersions() {
    assertThat(agent("claude", List.of("claude", "--version")).out()).contains("Claude Code");
    assertThat(agent("codex", List.of("codex", "--version")).out()).startsWith("codex-cli ");
  }

  @Test
  void claudeWritesAFileRunsACommandAndRemembers() throws Exception {
    ExecResult first = headless("claude", false, "write " + WORKSPACE + "/one.txt");
    assertThat(first.exitCode()).as(first.out() + first.err()).isZero();
    assertThat(first.out()).startsWith("turn 1");
    assertThat(workspace("one.txt")).isEqualTo(ModelServer.CONTENT);
    ExecResult second = headless("claude", true, "run id -un > two.txt; cat two.txt");
    assertThat(second.out()).as(second.err()).startsWith("turn 2, told: node");
    assertThat(workspace("two.txt")).isEqualTo("node\n");
    assertThat(model.at("/v1/messages"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + CLAUDE_TOKEN));
    theGuestHasNever(CLAUDE_TOKEN);
  }

  @Test
  void codexWritesAFileRunsACommandAndRemembers() throws Exception {
    ExecResult first = headless("codex", false, "write " + WORKSPACE + "/three.txt");
    assertThat(first.exitCode()).as(first.out() + first.err()).isZero();
    assertThat(first.out()).contains("turn 1");
    assertThat(workspace("three.txt")).isEqualTo(ModelServer.CONTENT);
    ExecResult second = headless("codex", true, "run id -un > four.txt; cat four.txt");
    assertThat(second.out()).as(second.err()).contains("turn 2");
    assertThat(workspace("four.txt")).isEqualTo("node\n");
    assertThat(model.at("/v1/responses"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + CODEX_KEY));
    theGuestHasNever(CODEX_KEY);
  }

  @Test
  void codexUsesTheHostsLoginAndHasNoneOfIt() throws Exception {
    ExecResult result = headless(LOGIN, false, "write " + WORKSPACE + "/seven.txt");
    assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    assertThat(workspace("seven.txt")).isEqualTo(ModelServer.CONTENT);
    assertThat(model.at("/backend-api/codex/responses"))
        .isNotEmpty()
        .allMatch(seen -> seen.credential().equals("Bearer " + codexToken));
    theGuestHasNever(codexToken.split("\\.")[2]);
  }

  /** Runs an agent as its user does, by way of the command line. */
  private static Screen screen(String name, Path socket) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Lab.launcher().toString(),
                "machine",
                "exec",
                "-n",
                machine.name(),
                "-it",
                "--user",
                "node",
                "-w",
                WORKSPACE));
    Map<String, String> env = new LinkedHashMap<>(PROVISIONS.get(name).env());
    env.forEach((key, value) -> command.addAll(List.of("-e", key + "=" + value)));
    command.add("--");
    command.addAll(
        provider(name)
            .program(request(name).declared())
            .interactive(false, Optional.empty(), List.of()));
    return new Screen(socket, 100, 40, command);
  }

  /** Text and a key that come at once are taken for one text that is pasted. */
  private static void enter(Screen screen, String text) throws Exception {
    screen.type(text);
    screen.until(text, PATIENCE);
    screen.press("Enter");
  }

  @Test
  void claudeWorksInATerminalAndAsksNothingFirst(@TempDir Path socket) throws Exception {
    try (Screen screen = screen("claude", socket)) {
      screen.until("the lab", PATIENCE);
      enter(screen, "write " + WORKSPACE + "/five.txt");
      screen.until("turn 1", PATIENCE);
      assertThat(workspace("five.txt")).isEqualTo(ModelServer.CONTENT);
      screen.resize(70, 30);
      enter(screen, "run id -un");
      screen.until("turn 2, told: node", PATIENCE);
    }
  }

  @Test
  void codexWorksInATerminalAndAsksNothingFirst(@TempDir Path socket) throws Exception {
    try (Screen screen = screen("codex", socket)) {
      screen.until("OpenAI Codex", PATIENCE);
      enter(screen, "write " + WORKSPACE + "/six.txt");
      screen.until("turn 1", PATIENCE);
      assertThat(workspace("six.txt")).isEqualTo(ModelServer.CONTENT);
    }
  }
}
