package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/**
 * What an agent tries in the bottle of a provider that has a model: all that any agent tries, and
 * to get at the model's credential or past the model's route.
 */
abstract class ProviderAttacks extends AgentAttacks {
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

  /** What the sidecar sends to the model, and nobody else. */
  private final String credential = EscapeGround.random(LETTERS, 40);

  /** The provider. */
  abstract String provider();

  /** The variable of this host that has the credential. */
  abstract String variable();

  /** Where the model is. */
  abstract String host();

  @Override
  final Optional<String> model() {
    return Optional.of(host());
  }

  @Override
  final Machines machines() {
    return Lab.machines();
  }

  @Override
  final Bottle bottle(
      Machines machines, String routes, Map<String, String> planted, Map<String, String> host)
      throws IOException {
    Map<String, String> environment = new HashMap<>(host);
    environment.put(variable(), credential);
    return LaunchedBottle.launch(machines, provider(), "", routes, planted, environment, directory);
  }

  private String sent() {
    return String.join("\n\n", upstream.requests);
  }

  @Test
  void theModelGetsTheHostsCredentialInPlaceOfTheAgentsAndTheAgentNeverSeesIt() {
    upstream.requests.clear();
    String script =
        "for how in --http1.1 --http2 \"--noproxy '*'\"; do curl -sSi -m 60 $how"
            + " -H 'Authorization: Bearer of-the-agent' -H 'Proxy-Authorization: Basic b2Y6aXQ='"
            + " https://%s/v1/models/echo; done";
    String said = run(AGENT, script.replace("$how", "$(eval echo $how)").formatted(host()));
    assertThat(said)
        .contains("200", "/v1/models/echo", "****")
        .doesNotContain(credential, "of-the-agent");
    assertThat(upstream.requests)
        .hasSize(3)
        .allMatch(request -> request.contains("Bearer " + credential));
    assertThat(sent()).doesNotContain("of-the-agent", "b2Y6aXQ=");
  }

  @Test
  void theCredentialGoesToTheModelAloneAndNeverInClearText() {
    upstream.requests.clear();
    run(
        AGENT,
        "curl -sS -m 60 https://%1$s/ -H 'X-Forwarded-Host: %2$s'; curl -sS -m 60 http://%2$s/"
            .formatted(ALLOWED, host()));
    run(AGENT, ask(get(ALLOWED, host()), get(host(), ALLOWED)));
    assertThat(sent()).doesNotContain(credential);
  }

  @Test
  void theModelsNameLeadsNowhereElse() {
    refused(
        connect(host() + ":22"),
        connect("stolen." + host() + ":443"),
        connect(host() + ".other.example:443"),
        request("CONNECT other.example:443 HTTP/1.1", "Host: " + host() + ":443"));
    attempts(
        AGENT,
        """
        dns,10.91.0.1,1,MODEL: code 0 with 1 answers
        dns,10.91.0.1,16,MODEL: code 0 with 0 answers
        dns,10.91.0.1,1,stolen.MODEL: code 3 with 0 answers
        """
            .replace("MODEL", host()));
    assertThat(
            run(
                AGENT,
                "curl -sS -m 60 -H 'Host: " + ALLOWED + "' https://" + host() + "/v1/models"))
        .startsWith("egress: ");
  }

  @Test
  void theCredentialIsOfUseForNothingButTheModel() {
    upstream.requests.clear();
    for (String path :
        List.of(
            "/api/oauth/claude_cli/create_api_key",
            "/v1/organizations/api_keys",
            "/v1/models/../organizations",
            "/v1/models/%2e%2e/organizations",
            "/v1//organizations",
            "/")) {
      assertThat(run(AGENT, "curl -sS -m 60 --path-as-is -X POST -d x https://" + host() + path))
          .as(path)
          .startsWith("egress: ");
    }
    assertThat(upstream.requests).isEmpty();
  }

  @Test
  void noSecretGetsToTheModelEither() {
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    upstream.serve(
        "/v1/models",
        exchange -> {
          heard.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    List<String> names = new ArrayList<>(Bottle.SECRETS);
    names.add(bottle.canary());
    StringBuilder script = new StringBuilder("exec 3>&1 >/dev/null 2>&1; ");
    for (String what : names) {
      script.append(
          "curl -sS -m 60 -d \"say $%s again\" https://%s/v1/models; echo \"$%1$s\" >&3; "
              .formatted(what, host()));
    }
    List<String> secrets = run(AGENT, script.toString()).lines().toList();
    assertThat(secrets).hasSize(names.size()).allMatch(secret -> secret.length() > 15);
    // A conversation goes on with what is left of it.
    assertThat(heard)
        .hasSize(names.size())
        .allMatch(said -> said.startsWith("say ") && said.endsWith(" again"))
        .noneMatch(said -> secrets.stream().anyMatch(said::contains));
  }

  @Test
  void theGuestIsGivenAPlaceholderAndNoCredential() {
    // Written so that the search does not find itself.
    String pattern = "[" + credential.charAt(0) + "]" + credential.substring(1);
    String places = "/home /root /tmp /etc /run /var /proc/[0-9]*/environ /proc/[0-9]*/cmdline";
    assertThat(run(ROOT, "grep -rls '" + pattern + "' " + places)).isEmpty();
    assertThat(
            run(
                AGENT,
                "grep -rls placeholder-of-carafe /home/node; printenv | grep -c placeholder-of"))
        .isEqualTo(String.join("\n", placeholders()) + "\n");
  }

  /** Where the placeholder is, a line each: files, and how many variables. */
  abstract List<String> placeholders();
}
