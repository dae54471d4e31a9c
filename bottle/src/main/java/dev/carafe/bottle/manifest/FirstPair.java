package dev.carafe.bottle.manifest;

import java.util.Map;

/** What the first files of a user look like: an agent and a bottle of one name. */
public final class FirstPair {
  private static final String BOTTLE =
      """
      ---
      # Which program the agent is. A credential stays on this host, where the bottle's sidecar adds
      # it to what the program asks.
      agent_provider:
        template: PROVIDER
      CREDENTIAL

      # Variables of the agent: a value, ${NAME} for the value of a variable of this host, or
      # ?QUESTION to be asked at the start. Do not hand out secrets here; let a route add them.
      env:
        EDITOR: vi

      # Whom git names as the author, and repositories that may be fetched and pushed through the gate.
      # git-gate:
      #   user: {name: My Agent, email: agent@example.com}
      #   repos:
      #     project:
      #       url: ssh://git@git.example.com/me/project.git
      #       key: {provider: static, path: ~/.ssh/id_ed25519}

      # What may be reached besides the model; everything else is refused.
      egress:
        log: 2
        routes: []
        #  - host: github.com
        #    git: fetch
        #  - host: api.github.com
        #    auth: {scheme: token, token: {env: GITHUB_TOKEN}}
        #    matches:
        #      - {method: GET, path: {type: PathPrefix, value: /repos/me/project}}
      ---

      What an agent in this bottle is given, and what it may reach. Nobody reads this text but you.
      """;

  private static final String AGENT =
      """
      ---
      bottle: NAME
      skills: []
      ---

      Work in small steps, and say at the end what you did and how you know that it works.
      """;

  /** Where each looks for its credential, and how to say another place. */
  private static final Map<String, String> CREDENTIALS =
      Map.of(
          "claude",
          """
            # Looked for in CLAUDE_CODE_OAUTH_TOKEN ('claude setup-token' makes one), then in
            # ANTHROPIC_API_KEY, unless another variable of this host is named:
            # auth_token: MY_CLAUDE_TOKEN
          """,
          "codex",
          """
            # Looked for in OPENAI_API_KEY, unless another variable of this host is named, or the
            # login of this host's Codex is to be used:
            # auth_token: MY_OPENAI_KEY
            # forward_host_credentials: true
          """);

  private FirstPair() {}

  /**
   * The bottle's file.
   *
   * @param provider the program that its agents are
   */
  public static String bottle(String provider) {
    return BOTTLE
        .replace("PROVIDER", provider)
        .replace("CREDENTIAL\n", CREDENTIALS.getOrDefault(provider, ""));
  }

  /**
   * The agent's file.
   *
   * @param bottle the bottle that it runs in
   */
  public static String agent(String bottle) {
    return AGENT.replace("NAME", bottle);
  }
}
