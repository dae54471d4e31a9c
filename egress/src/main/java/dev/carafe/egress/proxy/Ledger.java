package dev.carafe.egress.proxy;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.Exchange;
import dev.carafe.egress.audit.Metrics;
import dev.carafe.egress.scan.Finding;
import java.util.List;
import java.util.Optional;

/** Keeps and counts what became of requests. Any thread. */
final class Ledger {
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

  void allowed(Exchange exchange, List<Finding> findings) {
    audit.allowed(exchange, findings);
    findings.forEach(metrics::finding);
    metrics.decided(Metrics.Decision.ALLOWED, exchange);
  }

  /** It was refused, or came to nothing. */
  void ended(Exchange exchange, Refused why) {
    if (why.decided()) {
      audit.blocked(exchange, why.reason(), why.finding());
      why.finding().ifPresent(metrics::finding);
      metrics.decided(Metrics.Decision.BLOCKED, exchange);
    } else {
      audit.failed(exchange, why.reason());
      metrics.decided(Metrics.Decision.FAILED, exchange);
    }
  }
}
