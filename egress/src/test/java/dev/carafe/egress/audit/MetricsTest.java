package dev.carafe.egress.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.egress.scan.Finding;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private final Metrics metrics = new Metrics();

  @Test
  void whatHappenedIsCounted() {
    metrics.decided(Metrics.Decision.ALLOWED, AuditFixture.exchange(1));
    metrics.decided(Metrics.Decision.ALLOWED, AuditFixture.exchange(2));
    metrics.decided(Metrics.Decision.BLOCKED, AuditFixture.exchange(3));
    metrics.finding(new Finding("canary", "c", "body"));
    metrics.handshake(true);
    metrics.handshake(false);
    metrics.connectionOpened();
    metrics.connectionOpened();
    metrics.connectionClosed();
    metrics.routes("loaded", 3);
    assertThat(metrics.text().lines())
        .contains(
            "carafe_egress_requests_total{decision=\"allowed\",route=\"*.example.com\"} 2.0",
            "carafe_egress_requests_total{decision=\"blocked\",route=\"*.example.com\"} 1.0",
            "carafe_egress_findings_total{detector=\"canary\"} 1.0",
            "carafe_egress_bytes_total{direction=\"out\"} 30.0",
            "carafe_egress_bytes_total{direction=\"in\"} 6000.0",
            "carafe_egress_request_seconds_bucket{le=\"0.025\"} 0",
            "carafe_egress_request_seconds_bucket{le=\"0.05\"} 3",
            "carafe_egress_request_seconds_count 3",
            "carafe_egress_tls_handshakes_total{result=\"failed\"} 1.0",
            "carafe_egress_connections 1.0",
            "carafe_egress_routes_reloads_total{result=\"loaded\"} 1.0",
            "carafe_egress_routes 3.0");
  }

  @Test
  void theNumbersAreServedAtTheLoopbackOnly() throws Exception {
    metrics.connectionOpened();
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (MetricsServer server = MetricsServer.start(free, metrics);
        HttpClient client = HttpClient.newHttpClient()) {
      String base = "http://127.0.0.1:" + server.address().getPort();
      HttpResponse<String> found = get(client, base + "/metrics");
      assertThat(found.statusCode()).isEqualTo(200);
      assertThat(found.body()).contains("carafe_egress_connections 1.0");
      assertThat(get(client, base + "/").statusCode()).isEqualTo(404);
    }
    assertThatThrownBy(() -> MetricsServer.start(new InetSocketAddress("0.0.0.0", 0), metrics))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loopback");
  }

  private static HttpResponse<String> get(HttpClient client, String uri) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
  }
}
