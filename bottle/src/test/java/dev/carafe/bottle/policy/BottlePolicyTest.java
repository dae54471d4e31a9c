package dev.carafe.bottle.policy;

import static dev.carafe.bottle.policy.PolicyFixture.bearer;
import static dev.carafe.bottle.policy.PolicyFixture.declared;
import static dev.carafe.bottle.policy.PolicyFixture.manifest;
import static dev.carafe.bottle.policy.PolicyFixture.provided;
import static dev.carafe.bottle.policy.PolicyFixture.variable;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.manifest.EgressPolicy;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.RoutesWriter;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BottlePolicyTest {
  @Test
  void theProvidersRouteWinsForItsHostAndPort() {
    DeclaredRoute provided = provided("api.example.com", bearer(variable("MODEL_TOKEN")));
    DeclaredRoute same = declared("api.example.com", 443);
    DeclaredRoute otherPort = declared("api.example.com", 8443);
    DeclaredRoute other = declared("other.example.com", 0);
    BottlePolicy policy = BottlePolicy.of(List.of(provided), manifest(same, otherPort, other));
    assertThat(policy.declared().routes()).containsExactly(provided, otherPort, other);
    assertThat(policy.declared().allow()).hasSize(1);
    assertThat(policy.declared().authorities()).containsExactly(Path.of("/etc/ca.pem"));
    assertThat(policy.declared().log()).contains(1);
  }

  @Test
  void thePlanSaysWhatIsAllowedAndWhoSaysSo() {
    BottlePolicy policy =
        BottlePolicy.of(
            List.of(provided("api.example.com", bearer(variable("MODEL_TOKEN")))),
            manifest(declared("api.example.com", 80), declared("other.example.com", 8443)));
    assertThat(policy.planned())
        .containsExactly(
            new PlannedRoute(
                "api.example.com",
                0,
                List.of("GET /v1 and below"),
                false,
                false,
                java.util.Optional.of("bearer"),
                java.util.Optional.of("the environment variable MODEL_TOKEN"),
                true,
                "the provider claude",
                List.of("/config/web.md:7:5")),
            new PlannedRoute(
                "other.example.com",
                8443,
                List.of("GET /v1 and below"),
                false,
                false,
                java.util.Optional.empty(),
                java.util.Optional.empty(),
                false,
                "/config/web.md:7:5",
                List.of()));
  }

  @Test
  void aCredentialThatIsMissingIsFoundBeforeTheLaunch() {
    String value = "a-value-that-is-secret";
    BottlePolicy policy =
        BottlePolicy.of(
            List.of(provided("api.example.com", bearer(variable("MODEL_TOKEN")))),
            manifest(
                declared("one.example.com", bearer(variable("THERE"))),
                declared("two.example.com", bearer(new SecretReference.File(Path.of("/no/file")))),
                declared("three.example.com", bearer(variable("SHORT"))),
                // No program is run for a plan.
                declared(
                    "four.example.com",
                    bearer(new SecretReference.Command(List.of("/bin/false"))))));
    SecretSources sources =
        SecretSources.of(Map.of("THERE", value, "SHORT", "tooshor"), warning -> {});
    assertThat(policy.problems(sources))
        .containsExactly(
            "the environment variable MODEL_TOKEN is not set, and the route to api.example.com (the"
                + " provider claude) needs it",
            "the file /no/file does not exist, and the route to two.example.com"
                + " (/config/web.md:7:5) needs it",
            "the environment variable SHORT is shorter than 8 bytes, which no credential is, and"
                + " the route to three.example.com (/config/web.md:7:5) needs it");
  }

  @Test
  void whatAPolicySaysIsWhatItsRoutesFileSays() throws Exception {
    BottlePolicy policy =
        BottlePolicy.of(
            List.of(provided("api.example.com", bearer(variable("MODEL_TOKEN")))),
            EgressPolicy.NOTHING);
    assertThat(RoutesWriter.text(Path.of("/routes.yaml"), policy.declared()))
        .contains("host: api.example.com", "env: MODEL_TOKEN");
  }
}
