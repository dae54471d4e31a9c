package dev.carafe.bottle.policy;

import static dev.carafe.bottle.policy.PolicyFixture.bearer;
import static dev.carafe.bottle.policy.PolicyFixture.declared;
import static dev.carafe.bottle.policy.PolicyFixture.manifest;
import static dev.carafe.bottle.policy.PolicyFixture.provided;
import static dev.carafe.bottle.policy.PolicyFixture.variable;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.manifest.EgressPolicy;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.HostPattern;
import dev.carafe.egress.routes.Inbound;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.RoutesWriter;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                Optional.of("bearer"),
                Optional.of("the environment variable MODEL_TOKEN"),
                true,
                "the provider claude",
                List.of("/config/web.md:7:5")),
            new PlannedRoute(
                "other.example.com",
                8443,
                List.of("GET /v1 and below"),
                false,
                false,
                Optional.empty(),
                Optional.empty(),
                false,
                "/config/web.md:7:5",
                List.of()));
  }

  @Test
  void whatIsWiderThanAListOfRoutesIsSaid() {
    DeclaredRoute unseen =
        new DeclaredRoute(
            new Route(
                HostPattern.of("open.example.com"),
                0,
                List.of(),
                Optional.empty(),
                OnMatch.OFF,
                new Inbound(OnMatch.OFF),
                false,
                false,
                false,
                true,
                3),
            Optional.of(bearer(variable("TOKEN"))),
            PolicyFixture.FILE,
            Position.NOWHERE);
    assertThat(BottlePolicy.of(List.of(), manifest(unseen)).notes())
        .containsExactly(
            "routes may lead to the addresses 10.0.0.0/8, which are refused otherwise",
            "servers are also believed that /etc/ca.pem vouches for",
            "what leaves for open.example.com is not looked through for secrets",
            "the credential for open.example.com may also travel without TLS");
    assertThat(BottlePolicy.of(List.of(), EgressPolicy.NOTHING).notes()).isEmpty();
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
