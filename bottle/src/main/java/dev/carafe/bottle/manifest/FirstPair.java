package dev.carafe.bottle.manifest;

/** What the first files of a user look like: an agent and a bottle of one name. */
public final class FirstPair {
  private static final String BOTTLE =
      """
      ---
      # Which program the agent is. Its credential stays on this host: here is only the name of the
      # variable that holds it. 'claude setup-token' makes one.
      agent_provider:
        template: claude
        auth_token: CLAUDE_CODE_OAUTH_TOKEN

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

  private FirstPair() {}

  /** The bottle's file. */
  public static String bottle() {
    return BOTTLE;
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
