package dev.carafe.egress.scan;

/** What happens when something is found. */
public enum OnMatch {
  /** The message is refused. */
  BLOCK,
  /** It is overwritten, and the message goes on. */
  REDACT,
  /** Nobody looks. */
  OFF
}
