package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.secret.SecretReference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Claude Code. It sends a subscription's token as {@code Authorization: Bearer} and an API key as
 * {@code x-api-key}; which of them it has, it sees by the variable in which it finds one. So the
 * guest's variable, which holds nothing of use, is chosen by the kind of the host's credential.
 */
final class Claude implements Provider {
  static final String NAME = "claude";
  static final String HOST = "api.anthropic.com";

  /**
   * What a session asks. The rest of the host is not for an agent: with a subscription's token it
   * also makes API keys, which would outlive the bottle.
   */
  private static final String[] PATHS = {"/v1/messages", "/v1/models", "/api/hello"};

  /** Made by {@code claude setup-token}. */
  private static final String TOKEN = "CLAUDE_CODE_OAUTH_TOKEN";

  private static final String KEY = "ANTHROPIC_API_KEY";
  private static final String PLACEHOLDER = "placeholder-of-carafe";

  /** So many of a key's last letters are kept where a user has agreed to its use. */
  private static final int KEY_TAIL = 20;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Program program(AgentProvider declared) {
    return new Program(
        List.of("claude"),
        PromptMode.APPEND_FILE,
        List.of("--dangerously-skip-permissions"),
        List.of("--continue"),
        Optional.of(Program.Headless.of("-p")));
  }

  @Override
  public Optional<Recipe> recipe() {
    return Optional.of(Recipe.builtIn(NAME));
  }

  @Override
  public Provision provision(ProvisionRequest request) throws ProviderException {
    SecretReference credential = credential(request);
    boolean key = isKey(credential, request.hostEnv());
    Map<String, String> env = new LinkedHashMap<>();
    env.put("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    env.put("DISABLE_ERROR_REPORTING", "1");
    env.put("DISABLE_TELEMETRY", "1");
    env.put("DISABLE_AUTOUPDATER", "1");
    String variable = key ? KEY : TOKEN;
    env.put(variable, PLACEHOLDER);
    DeclaredRoute route =
        key
            ? ModelRoutes.header(NAME, HOST, "x-api-key", credential, PATHS)
            : ModelRoutes.bearer(NAME, HOST, credential, PATHS);
    return new Provision(
        env,
        Set.of(variable),
        List.of(
            GuestFile.of(request.home() + "/.claude.json", state(request, key)),
            GuestFile.of(request.home() + "/.claude/settings.json", settings(request))),
        List.of(route),
        List.of());
  }

  private static SecretReference credential(ProvisionRequest request) throws ProviderException {
    if (request.declared().forwardHostCredentials()) {
      return ClaudeLogin.check(request);
    }
    return Credentials.declared(NAME, request)
        .or(() -> Credentials.variable(request.hostEnv(), TOKEN, KEY))
        .orElseThrow(
            () ->
                new ProviderException(
                    "the provider claude has no credential: set "
                        + TOKEN
                        + " on this host ('claude setup-token' makes one) or "
                        + KEY
                        + ", or name another in the bottle, as agent_provider.auth_token"));
  }

  /** Whether it is an API key: its value's beginning says so, else the name of its variable. */
  private static boolean isKey(SecretReference credential, Map<String, String> hostEnv) {
    if (!(credential instanceof SecretReference.Variable variable)) {
      return false;
    }
    String value = hostEnv.getOrDefault(variable.variable(), "");
    return value.startsWith("sk-ant-")
        ? value.startsWith("sk-ant-api")
        : variable.variable().endsWith("API_KEY");
  }

  /**
   * That the questions of a first start are answered: the theme and the login, whether the
   * directory is trusted, whether the key of the environment may be used. (Seen with 2.1.332: each
   * of them is asked without its entry.)
   */
  private static String state(ProvisionRequest request, boolean key) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("hasCompletedOnboarding", true);
    if (key) {
      String tail = PLACEHOLDER.substring(Math.max(0, PLACEHOLDER.length() - KEY_TAIL));
      state.put("customApiKeyResponses", Map.of("approved", List.of(tail), "rejected", List.of()));
    }
    state.put("projects", Map.of(request.workspace(), Map.of("hasTrustDialogAccepted", true)));
    return ConfigJson.object(state);
  }

  /** The last question, whether nothing is to be asked, is answered in the settings. */
  private static String settings(ProvisionRequest request) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("theme", "dark");
    settings.put("skipDangerousModePermissionPrompt", true);
    request
        .label()
        .ifPresent(
            label ->
                settings.put(
                    "statusLine",
                    Map.of(
                        "type", "command", "command", StatusLine.script(label, request.color()))));
    return ConfigJson.object(settings);
  }
}
