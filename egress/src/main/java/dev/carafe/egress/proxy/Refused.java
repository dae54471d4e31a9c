package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.Finding;
import java.util.Optional;

/** A decision against a request, or the reason why it came to nothing, as the client is told. */
final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient Optional<Finding> finding;

  private Refused(int status, String reason, Optional<Finding> finding) {
    super(reason, null, false, false);
    this.status = status;
    this.finding = finding;
  }

  /** The policy says no. */
  static Refused denied(String reason) {
    return new Refused(403, reason, Optional.empty());
  }

  /** Something was found. */
  static Refused found(Finding finding) {
    return new Refused(
        403,
        finding.detector() + " (" + finding.rule() + ") found in the " + finding.where(),
        Optional.of(finding));
  }

  /** The request is not clear. */
  static Refused malformed(String reason) {
    return new Refused(400, reason, Optional.empty());
  }

  /** There is too much of something. */
  static Refused busy(String reason) {
    return new Refused(503, reason, Optional.empty());
  }

  /** The upstream server did not do its part. */
  static Refused upstream(String reason) {
    return new Refused(502, reason, Optional.empty());
  }

  /** Something took too long. */
  static Refused late(String reason) {
    return new Refused(504, reason, Optional.empty());
  }

  int status() {
    return status;
  }

  String reason() {
    return getMessage();
  }

  /** What the client is told. */
  String text() {
    return "egress: " + getMessage();
  }

  Optional<Finding> finding() {
    return finding;
  }

  /** Whether it is a decision, not a failure. */
  boolean decided() {
    return status < 500;
  }
}
