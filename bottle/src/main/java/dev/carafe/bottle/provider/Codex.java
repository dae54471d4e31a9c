package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.secret.SecretReference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Codex. With an API key it talks to {@value #API}; logged in with a subscription, to {@value
 * #CHATGPT}. It keeps either in a file, so the guest gets one with which it believes that it is
 * logged in, and which is of no use anywhere else.
 */
final class Codex implements Provider {
  static final String NAME = "codex";
  static final String API = "api.openai.com";
  static final String CHATGPT = "chatgpt.com";

  /** What a session asks. The rest of either host is not for an agent. */
  private static final String[] API_PATHS = {"/v1/responses", "/v1/models"};

  /** Below {@code wham} there are also tasks in the cloud, which are none of a bottle's. */
  private static final String[] CHATGPT_PATHS = {
    "/backend-api/codex", "/backend-api/wham/usage", "/backend-api/wham/accounts/check"
  };

  private static final String KEY = "OPENAI_API_KEY";
  private static final String PLACEHOLDER = "placeholder-of-carafe";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Program program(AgentProvider declared) {
    return new Program(
        List.of("codex"),
        PromptMode.READ_PROMPT_FILE,
        List.of("--dangerously-bypass-approvals-and-sandbox"),
        List.of("resume", "--last"),
        Optional.of(Program.Headless.of("exec", "--skip-git-repo-check")));
  }

  @Override
  public Optional<Recipe> recipe() {
    return Optional.of(Recipe.builtIn(NAME));
  }

  @Override
  public String skills() {
    return ".codex/skills";
  }

  @Override
  public Provision provision(ProvisionRequest request) throws ProviderException {
    String login;
    DeclaredRoute route;
    if (request.declared().forwardHostCredentials()) {
      CodexLogin host = CodexLogin.read(request);
      login = host.dummy(request.now());
      route = ModelRoutes.bearer(NAME, CHATGPT, host.token(), CHATGPT_PATHS);
    } else {
      login = ConfigJson.object(Map.of(KEY, PLACEHOLDER));
      route = ModelRoutes.bearer(NAME, API, key(request), API_PATHS);
    }
    return new Provision(
        Map.of(),
        Set.of(),
        List.of(
            GuestFile.of(request.home() + "/.codex/auth.json", login),
            GuestFile.of(request.home() + "/.codex/config.toml", config(request))),
        List.of(route),
        List.of());
  }

  private static SecretReference key(ProvisionRequest request) throws ProviderException {
    return Credentials.declared(NAME, request)
        .or(() -> Credentials.variable(request.hostEnv(), KEY))
        .orElseThrow(
            () ->
                new ProviderException(
                    "the provider codex has no credential: set "
                        + KEY
                        + " on this host, name another in the bottle, as agent_provider.auth_token,"
                        + " or say forward_host_credentials: true there, if Codex is logged in here"));
  }

  /**
   * That the workspace is trusted, and that Codex does not ask where there is no route: for its
   * newest version, and for plugins. What is compressed can be looked into, but nothing in it can
   * be overwritten.
   */
  private static String config(ProvisionRequest request) {
    return """
        check_for_update_on_startup = false
        cli_auth_credentials_store = "file"

        [analytics]
        enabled = false

        [features]
        enable_request_compression = false
        plugins = false
        apps = false

        [projects.%s]
        trust_level = "trusted"
        """
        .formatted(basicString(request.workspace()));
  }

  /** A string of TOML, which has the escapes of JSON. */
  private static String basicString(String text) {
    String array = ConfigJson.object(Map.of("", text));
    return array.substring(array.indexOf(':') + 1, array.length() - 1);
  }
}
