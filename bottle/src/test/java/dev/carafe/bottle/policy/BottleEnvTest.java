package dev.carafe.bottle.policy;

import static dev.carafe.bottle.policy.PolicyFixture.basic;
import static dev.carafe.bottle.policy.PolicyFixture.bearer;
import static dev.carafe.bottle.policy.PolicyFixture.declared;
import static dev.carafe.bottle.policy.PolicyFixture.manifest;
import static dev.carafe.bottle.policy.PolicyFixture.variable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.EnvValue;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the agent has in its environment, and never has. */
class BottleEnvTest {
  private static final String SECRET = "a-value-that-is-secret";
  private static final Map<String, String> HOST =
      Map.of("TOKEN", SECRET, "SAME", SECRET, "LOGIN", "me:the-password", "PLAIN", "plain");

  @TempDir Path directory;

  private BottleEnv env(EnvValue... values) {
    Path file = directory.resolve("secret");
    BottlePolicy policy =
        BottlePolicy.of(
            List.of(),
            manifest(
                declared("api.example.com", bearer(variable("TOKEN"))),
                declared("login.example.com", basic(variable("LOGIN"))),
                declared("file.example.com", bearer(new SecretReference.File(file)))));
    Map<String, EnvValue> declared = new LinkedHashMap<>();
    for (EnvValue value : values) {
      declared.put("V" + declared.size(), value);
    }
    return new BottleEnv("web", declared, policy, SecretSources.of(HOST, warning -> {}));
  }

  private static void assertRefused(BottleEnv env, String... sentences) {
    assertThat(env.problems(false)).hasSize(sentences.length);
    assertThatThrownBy(() -> env.resolve(Optional.empty()))
        .isInstanceOf(BottleException.class)
        .hasMessageContainingAll(sentences)
        .message()
        .doesNotContain(SECRET, "the-password");
  }

  @Test
  void eachFormHasItsValueInTheOrderOfTheFile() {
    BottleEnv env =
        env(
            new EnvValue.Literal("text"),
            new EnvValue.FromHost("PLAIN"),
            new EnvValue.Prompt("which"));
    assertThat(env.problems(true)).isEmpty();
    assertThat(env.resolve(Optional.of((variable, question) -> variable + "/" + question)))
        .containsExactly(
            Map.entry("V0", "text"), Map.entry("V1", "plain"), Map.entry("V2", "V2/which"));
  }

  @Test
  void aVariableThatThisHostDoesNotHaveIsNamedWithItsBottle() {
    assertRefused(
        env(new EnvValue.FromHost("NOWHERE"), new EnvValue.FromHost("NOT_EITHER")),
        "the variable V0 of bottle 'web' has the value of this host's NOWHERE, which is not set",
        "this host's NOT_EITHER");
  }

  @Test
  void whatIsToBeAskedForIsRefusedWhenNobodyIsThere() {
    assertRefused(
        env(new EnvValue.Prompt("which ticket")),
        "V0 of bottle 'web' is to be asked for (which ticket), and there is nobody to ask");
  }

  @Test
  void theVariableOfARoutesCredentialIsRefused() {
    assertRefused(
        env(new EnvValue.FromHost("TOKEN")),
        "the variable V0 of bottle 'web' would give the agent the credential of the route to"
            + " api.example.com");
  }

  @Test
  void theValueOfARoutesCredentialIsRefusedWhereverItComesFrom() throws Exception {
    assertRefused(env(new EnvValue.FromHost("SAME")), "credential of the route to api.example.com");
    assertRefused(
        env(new EnvValue.Literal("https://x:" + SECRET + "@host/")),
        "credential of the route to api.example.com");
    assertRefused(
        env(new EnvValue.Literal("the-password")), "credential of the route to login.example.com");
    Files.writeString(directory.resolve("secret"), "in-a-file-only\n");
    assertRefused(
        env(new EnvValue.Literal("in-a-file-only")), "credential of the route to file.example.com");
  }

  @Test
  void anAnswerThatIsACredentialIsRefused() {
    BottleEnv env = env(new EnvValue.Prompt("which"));
    assertThatThrownBy(() -> env.resolve(Optional.of((variable, question) -> SECRET)))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("credential of the route to api.example.com")
        .message()
        .doesNotContain(SECRET);
  }
}
