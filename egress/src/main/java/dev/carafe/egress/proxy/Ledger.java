package dev.carafe.egress.proxy;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.Exchange;
import dev.carafe.egress.audit.Metrics;
import dev.carafe.egress.scan.Finding;
import java.util.List;
import java.util.Optional;

/**
 * Keeps and counts what became of requests. What a guest has written is kept as far as there is no
 * secret in it. Any thread.
 */
final class Ledger {
  private static final int BLOCKED_AND_FAILED = 1;
  private static final int ALL = 2;

  private final Audit audit;
  private final Metrics metrics;

  Ledger(Audit audit, Metrics metrics) {
    this.audit = audit;
    this.metrics = metrics;
  }

  Metrics metrics() {
    return metrics;
  }

  /** Refuses everything while nothing can be kept. */
  void check() throws Refused {
    Optional<String> refusal = audit.refusal();
    if (refusal.isPresent()) {
      throw Refused.busy(refusal.get());
    }
  }

  void allowed(Judge judge, Exchange exchange, List<Finding> findings) {
    if (keeps(judge, ALL)) {
      audit.allowed(keepable(judge, exchange), findings);
    }
    findings.forEach(metrics::finding);
    metrics.decided(Metrics.Decision.ALLOWED, exchange);
  }

  /** It was refused, or came to nothing. */
  void ended(Judge judge, Exchange exchange, Refused why) {
    if (keeps(judge, BLOCKED_AND_FAILED)) {
      Exchange kept = keepable(judge, exchange);
      String reason = judge.keepable(why.reason());
      if (why.decided()) {
        audit.blocked(kept, reason, why.finding());
      } else {
        audit.failed(kept, reason);
      }
    }
    if (why.decided()) {
      why.finding().ifPresent(metrics::finding);
      metrics.decided(Metrics.Decision.BLOCKED, exchange);
    } else {
      metrics.decided(Metrics.Decision.FAILED, exchange);
    }
  }

  /** Whether the routes want it written down. The audit was perhaps opened to keep even less. */
  private static boolean keeps(Judge judge, int level) {
    return level <= judge.routes().log().orElse(ALL);
  }

  private static Exchange keepable(Judge judge, Exchange exchange) {
    return new Exchange(
        exchange.id(),
        judge.keepable(exchange.method()),
        exchange.scheme(),
        judge.keepable(exchange.host()),
        exchange.port(),
        judge.keepable(exchange.path()),
        exchange.status(),
        exchange.bytesOut(),
        exchange.bytesIn(),
        exchange.millis(),
        exchange.route());
  }
}
