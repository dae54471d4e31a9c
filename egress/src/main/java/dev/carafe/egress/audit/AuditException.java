package dev.carafe.egress.audit;

/** An audit cannot be kept or read. The message is a sentence. */
public final class AuditException extends Exception {
  private static final long serialVersionUID = 1L;

  AuditException(String sentence) {
    super(sentence);
  }

  AuditException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
