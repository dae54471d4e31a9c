package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class GuestEnvironmentTest {
  private final Map<String, String> variables = GuestEnvironment.variables();

  @Test
  void theProxyIsNamedInBothCases() {
    for (String name : new String[] {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"}) {
      assertThat(variables).containsEntry(name, "http://10.91.0.1:9099");
    }
    for (String name : new String[] {"NO_PROXY", "no_proxy"}) {
      assertThat(variables.get(name).split(",")).contains("localhost", "127.0.0.1", "::1");
    }
  }

  @Test
  void whoeverHasAnOwnIdeaOfWhomToTrustIsToldOtherwise() {
    assertThat(variables)
        .containsEntry("NODE_EXTRA_CA_CERTS", "/etc/carafe/ca.crt")
        .containsEntry("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "/etc/carafe/bundle.crt");
    for (String name :
        new String[] {
          "SSL_CERT_FILE",
          "REQUESTS_CA_BUNDLE",
          "CURL_CA_BUNDLE",
          "GIT_SSL_CAINFO",
          "CARGO_HTTP_CAINFO"
        }) {
      assertThat(variables).containsEntry(name, "/etc/carafe/bundle.crt");
    }
  }

  @Test
  void javaIsToldByItsOptions() {
    assertThat(variables.get("JAVA_TOOL_OPTIONS").split(" "))
        .contains(
            "-Dhttps.proxyHost=10.91.0.1",
            "-Dhttps.proxyPort=9099",
            "-Dhttp.proxyHost=10.91.0.1",
            "-Dhttp.proxyPort=9099",
            "-Djavax.net.ssl.trustStore=/etc/carafe/trust.jks");
  }
}
