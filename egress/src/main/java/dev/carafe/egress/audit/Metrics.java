package dev.carafe.egress.audit;

import dev.carafe.egress.scan.Finding;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What happened, in numbers. No label holds what a guest chose: routes are the patterns of the
 * routes file, so there are never more time series than the file has routes. Any thread; never
 * waits.
 */
public final class Metrics {
  /** What became of a request. */
  public enum Decision {
    ALLOWED,
    BLOCKED,
    FAILED
  }

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Counter requests =
      Counter.builder()
          .name("carafe_egress_requests_total")
          .help("Requests, by what became of them and by their route.")
          .labelNames("decision", "route")
          .register(registry);
  private final Counter findings =
      Counter.builder()
          .name("carafe_egress_findings_total")
          .help("What the scanner found, by detector.")
          .labelNames("detector")
          .register(registry);
  private final Counter bytes =
      Counter.builder()
          .name("carafe_egress_bytes_total")
          .help("Bytes of bodies, out of the bottle and into it.")
          .labelNames("direction")
          .register(registry);
  private final Histogram seconds =
      Histogram.builder()
          .name("carafe_egress_request_seconds")
          .help("From a request's first byte to its answer's last.")
          .classicOnly()
          .classicUpperBounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
          .register(registry);
  private final Counter handshakes =
      Counter.builder()
          .name("carafe_egress_tls_handshakes_total")
          .help("TLS handshakes with the bottle, by result.")
          .labelNames("result")
          .register(registry);
  private final Gauge connections =
      Gauge.builder()
          .name("carafe_egress_connections")
          .help("Connections from the bottle that are open.")
          .register(registry);
  private final Counter reloads =
      Counter.builder()
          .name("carafe_egress_routes_reloads_total")
          .help("Times the routes file was read, by result.")
          .labelNames("result")
          .register(registry);
  private final Gauge routes =
      Gauge.builder()
          .name("carafe_egress_routes")
          .help("Routes in force; 0 means that everything is refused.")
          .register(registry);

  public Metrics() {}

  /** A request has ended. */
  public void decided(Decision decision, Exchange exchange) {
    requests.labelValues(decision.name().toLowerCase(Locale.ROOT), exchange.route()).inc();
    bytes.labelValues("out").inc(Math.max(0, exchange.bytesOut()));
    bytes.labelValues("in").inc(Math.max(0, exchange.bytesIn()));
    seconds.observe(exchange.millis() / 1000.0);
  }

  /** The scanner found something, whatever is done about it. */
  public void finding(Finding finding) {
    findings.labelValues(finding.detector()).inc();
  }

  /** A TLS handshake with the bottle has ended. */
  public void handshake(boolean succeeded) {
    handshakes.labelValues(succeeded ? "ok" : "failed").inc();
  }

  public void connectionOpened() {
    connections.inc();
  }

  public void connectionClosed() {
    connections.dec();
  }

  /**
   * The routes file was read.
   *
   * @param result {@code loaded}, {@code kept}, {@code denied}
   * @param inForce how many routes are
   */
  public void routes(String result, int inForce) {
    reloads.labelValues(result).inc();
    routes.set(inForce);
  }

  /** All of it in Prometheus' text format, version 0.0.4. */
  public String text() {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.builder()
          .setIncludeCreatedTimestamps(false)
          .build()
          .write(text, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString(StandardCharsets.UTF_8);
  }
}
