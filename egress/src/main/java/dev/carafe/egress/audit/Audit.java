package dev.carafe.egress.audit;

import dev.carafe.egress.scan.Finding;
import java.util.Optional;

/** Keeps what was decided. Any thread; does not block the caller. */
public final class Audit {
  private Audit() {}

  /** An audit that keeps nothing. */
  public static Audit none() {
    return new Audit();
  }

  /** A request that was let through, at its end. */
  public void allowed(Exchange exchange) {}

  /** A request that was refused. */
  public void blocked(Exchange exchange, String reason, Optional<Finding> finding) {}

  /** A request that was allowed and came to nothing. */
  public void failed(Exchange exchange, String reason) {}
}
