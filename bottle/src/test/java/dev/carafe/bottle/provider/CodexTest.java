package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.secret.SecretReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodexTest {
  private final Codex codex = new Codex();
  @TempDir Path home;

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String token(String claims) {
    return base64("{\"alg\":\"RS256\"}") + "." + base64(claims) + "." + base64("signature");
  }

  private Requests loggedIn(String accessToken) throws Exception {
    Path file = home.resolve(".codex/auth.json");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        """
        {"OPENAI_API_KEY": null, "last_refresh": "2026-10-01T00:00:00Z",
         "tokens": {"id_token": "%s", "access_token": "%s",
           "refresh_token": "the-real-refresh", "account_id": "account-7"}}
        """
            .formatted(token("{\"email\":\"me@example.com\"}"), accessToken));
    return Requests.at(home).forwarding();
  }

  @Test
  void anApiKeyStaysOnTheHost() throws Exception {
    Provision provision = Requests.at(home).with("OPENAI_API_KEY", "the-real-one").of(codex);
    DeclaredRoute route = provision.routes().getFirst();
    assertThat(provision.routes()).hasSize(1);
    assertThat(route.route().host().text()).isEqualTo("api.openai.com");
    assertThat(route.auth().orElseThrow().prefix()).isEqualTo("Bearer ");
    assertThat(route.auth().orElseThrow().reference())
        .isEqualTo(new SecretReference.Variable("OPENAI_API_KEY"));
    assertThat(Requests.text(provision, "/home/node/.codex/auth.json"))
        .contains("placeholder")
        .doesNotContain("the-real-one");
    assertThat(Requests.text(provision, "/home/node/.codex/config.toml"))
        .contains("[projects.\"/home/node/workspace\"]\ntrust_level = \"trusted\"");
  }

  @Test
  void withoutAKeyItSaysWhatToDo() {
    assertThatThrownBy(() -> Requests.at(home).of(codex))
        .isInstanceOf(ProviderException.class)
        .hasMessageContaining("set OPENAI_API_KEY on this host");
  }

  @Test
  void aLoginIsForwardedWithoutWhatItIsMadeOf() throws Exception {
    long expiry = Requests.NOW.plusSeconds(3600).getEpochSecond();
    String real = token("{\"aud\":[\"a\"],\"exp\":" + expiry + ",\"email\":\"me@example.com\"}");
    Provision provision = loggedIn(real).of(codex);
    DeclaredRoute route = provision.routes().getFirst();
    assertThat(route.route().host().text()).isEqualTo("chatgpt.com");
    assertThat(
            route
                .route()
                .matches()
                .getFirst()
                .matches("POST", "/backend-api/codex/responses", n -> List.of()))
        .isTrue();
    assertThat(route.route().matches().getFirst().matches("GET", "/other", n -> List.of()))
        .isFalse();
    assertThat(route.auth().orElseThrow().reference())
        .isEqualTo(
            new SecretReference.Field(
                home.resolve(".codex/auth.json"), List.of("tokens", "access_token")));
    String file = Requests.text(provision, "/home/node/.codex/auth.json");
    assertThat(file)
        .contains("\"account_id\":\"account-7\"", "\"last_refresh\":\"2026-11-01T12:00:00Z\"")
        .doesNotContain(real, "the-real-refresh", base64("signature"));
    String dummy = file.replaceAll(".*\"access_token\":\"([^\"]*)\".*", "$1");
    String[] parts = dummy.split("\\.");
    assertThat(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"exp\":"
                + expiry
                + ",\"https://api.openai.com/auth\":{\"chatgpt_account_id\":\"account-7\"}}");
    assertThat(parts).hasSize(3);
  }

  @Test
  void aLoginThatIsOfNoUseIsRefused() throws Exception {
    Function<Requests, String> why =
        asked -> {
          try {
            asked.of(codex);
            return "";
          } catch (ProviderException e) {
            return e.getMessage();
          }
        };
    assertThat(why.apply(Requests.at(home).forwarding()))
        .isEqualTo(
            "Codex is not logged in on this host: the file "
                + home.resolve(".codex/auth.json")
                + " does not exist; run 'codex login' on this host");
    long now = Requests.NOW.getEpochSecond();
    assertThat(why.apply(loggedIn(token("{\"exp\":" + now + "}")))).contains("has expired");
    for (String bad :
        List.of("opaque-token", "a.b.c", token("[]"), token("{}"), token("{\"exp\":\"x\"}"))) {
      assertThat(why.apply(loggedIn(bad)))
          .as(bad)
          .contains("is no token that says when it expires")
          .doesNotContain(bad);
    }
    Files.writeString(home.resolve(".codex/auth.json"), "{\"OPENAI_API_KEY\":\"the-real-one\"}");
    assertThat(why.apply(Requests.at(home).forwarding()))
        .contains("not logged in on this host with a subscription")
        .doesNotContain("the-real-one");
  }

  @Test
  void codexsOwnDirectoryIsFoundByItsVariable() throws Exception {
    Path elsewhere = Files.createDirectories(home.resolve("elsewhere"));
    Requests asked = Requests.at(home).forwarding().with("CODEX_HOME", elsewhere.toString());
    assertThatThrownBy(() -> asked.of(codex))
        .hasMessageContaining(elsewhere.resolve("auth.json").toString());
  }
}
