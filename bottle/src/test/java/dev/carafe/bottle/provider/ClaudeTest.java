package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.routes.DeclaredAuth;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClaudeTest {
  private final Claude claude = new Claude();
  @TempDir Path home;

  private DeclaredAuth credential(Requests asked) throws Exception {
    Provision provision = asked.of(claude);
    assertThat(provision.routes()).hasSize(1);
    assertThat(provision.routes().getFirst().route().host().text()).isEqualTo("api.anthropic.com");
    return provision.routes().getFirst().auth().orElseThrow();
  }

  @Test
  void aSubscriptionsTokenIsABearer() throws Exception {
    Requests asked = Requests.at(home).with("CLAUDE_CODE_OAUTH_TOKEN", "the-real-one");
    assertThat(credential(asked).header()).isEqualTo("authorization");
    assertThat(credential(asked).prefix()).isEqualTo("Bearer ");
    assertThat(credential(asked).reference())
        .isEqualTo(new SecretReference.Variable("CLAUDE_CODE_OAUTH_TOKEN"));
    assertThat(asked.of(claude).env())
        .containsEntry("CLAUDE_CODE_OAUTH_TOKEN", "placeholder-of-carafe")
        .containsEntry("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .containsEntry("DISABLE_AUTOUPDATER", "1")
        .doesNotContainKey("ANTHROPIC_API_KEY")
        .doesNotContainValue("the-real-one");
    assertThat(asked.of(claude).hidden()).containsExactly("CLAUDE_CODE_OAUTH_TOKEN");
  }

  @Test
  void theCredentialIsForTheModelAndNotForTheAccount() throws Exception {
    for (String variable : List.of("CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY")) {
      List<Match> matches =
          Requests.at(home)
              .with(variable, "the-real-one")
              .of(claude)
              .routes()
              .getFirst()
              .route()
              .matches();
      assertThat(List.of("/v1/messages", "/v1/messages/count_tokens", "/v1/models/x"))
          .allMatch(path -> allowed(matches, path));
      assertThat(List.of("/", "/api/oauth/claude_cli/create_api_key", "/v1/organizations", "/v1"))
          .noneMatch(path -> allowed(matches, path));
    }
  }

  private static boolean allowed(List<Match> matches, String path) {
    return matches.stream().anyMatch(match -> match.matches("POST", path, name -> List.of()));
  }

  @Test
  void anApiKeyHasAHeaderOfItsOwn() throws Exception {
    Requests asked = Requests.at(home).with("ANTHROPIC_API_KEY", "the-real-one");
    assertThat(credential(asked).header()).isEqualTo("x-api-key");
    assertThat(credential(asked).prefix()).isEmpty();
    Provision provision = asked.of(claude);
    assertThat(provision.env())
        .containsEntry("ANTHROPIC_API_KEY", "placeholder-of-carafe")
        .doesNotContainKey("CLAUDE_CODE_OAUTH_TOKEN");
    assertThat(Requests.text(provision, "/home/node/.claude.json"))
        .as("that the guest's key may be used is not asked")
        .contains("\"approved\":[\"" + "laceholder-of-carafe" + "\"]");
  }

  @Test
  void ofAVariableWithAnotherNameTheValueTellsWhatItIs() throws Exception {
    SecretReference mine = new SecretReference.Variable("MINE");
    Requests asked = Requests.at(home).token(mine);
    assertThat(credential(asked.with("MINE", "sk-ant-" + "api03-x")).header())
        .isEqualTo("x-api-key");
    assertThat(credential(asked.with("MINE", "sk-ant-" + "oat01-x")).header())
        .isEqualTo("authorization");
    assertThat(credential(asked.with("MINE", "other")).reference()).isEqualTo(mine);
  }

  @Test
  void withoutACredentialItSaysHowToGetOne() {
    assertThatThrownBy(() -> Requests.at(home).of(claude))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining("set CLAUDE_CODE_OAUTH_TOKEN on this host ('claude setup-token'");
    assertThatThrownBy(
            () -> Requests.at(home).token(new SecretReference.Variable("MINE")).of(claude))
        .hasMessage(
            "the provider claude has no credential: 'auth_token' names the environment variable"
                + " MINE, which is not there; set it, or name another one in the bottle");
  }

  @Test
  void whatThisHostIsLoggedInWithIsReadByTheSidecar() throws Exception {
    Path file = home.resolve(".claude/.credentials.json");
    Requests asked = Requests.at(home).forwarding();
    assertThatThrownBy(() -> asked.of(claude))
        .hasMessageContaining("Claude Code is not logged in on this host: the file " + file);
    Files.createDirectories(file.getParent());
    long soon = Requests.NOW.plusSeconds(60).toEpochMilli();
    Files.writeString(
        file, "{\"claudeAiOauth\":{\"accessToken\":\"the-real-one\",\"expiresAt\":" + soon + "}}");
    assertThat(credential(asked).reference())
        .isEqualTo(new SecretReference.Field(file, List.of("claudeAiOauth", "accessToken")));
    assertThat(asked.of(claude).env()).doesNotContainValue("the-real-one");
    Files.writeString(
        file,
        "{\"claudeAiOauth\":{\"expiresAt\":"
            + Requests.NOW.toEpochMilli()
            + ",\"accessToken\":\"the-real-one\"}}");
    assertThatThrownBy(() -> asked.of(claude)).hasMessageContaining("has expired; run 'claude'");
    Files.writeString(file, "{the-real-one");
    assertThatThrownBy(() -> asked.of(claude))
        .hasMessageContaining("is not JSON that can be read")
        .hasMessageNotContaining("the-real-one");
  }

  @Test
  void theWorkspaceIsTrustedAndNothingIsAsked() throws Exception {
    Provision provision =
        Requests.at(home).with("CLAUDE_CODE_OAUTH_TOKEN", "the-real-one").of(claude);
    assertThat(Requests.text(provision, "/home/node/.claude.json"))
        .contains("\"hasCompletedOnboarding\":true")
        .contains("\"/home/node/workspace\":{\"hasTrustDialogAccepted\":true");
    assertThat(Requests.text(provision, "/home/node/.claude/settings.json"))
        .contains("\"skipDangerousModePermissionPrompt\":true");
    assertThat(provision.files()).allMatch(file -> file.mode() == 0600);
  }

  @Test
  void theLabelIsShownInItsColourAndNothingOfItIsRun() throws Exception {
    Process printed =
        new ProcessBuilder(
                "sh",
                "-c",
                StatusLine.script("it's $(id) \u001b[2J%s", java.util.Optional.of(Color.BLUE)))
            .start();
    assertThat(new String(printed.getInputStream().readAllBytes()))
        .isEqualTo("\u001b[1;34mit's $(id) [2J%s\u001b[0m");
  }
}
