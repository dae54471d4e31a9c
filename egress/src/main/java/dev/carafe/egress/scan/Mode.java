package dev.carafe.egress.scan;

/**
 * What one scan does about what it finds.
 *
 * @param inward whether the message comes back
 * @param secrets about known secrets and canaries
 * @param patterns about tokens, or when inward, about phrases
 * @param entropy whether to note random words
 */
record Mode(boolean inward, Act secrets, Act patterns, boolean entropy) {
  /** What is done about one finding. */
  enum Act {
    IGNORE,
    NOTE,
    MASK,
    BLOCK
  }

  static Mode outbound(OnMatch onMatch, boolean entropy) {
    Act act =
        switch (onMatch) {
          case BLOCK -> Act.BLOCK;
          case REDACT -> Act.MASK;
          case OFF -> Act.IGNORE;
        };
    return new Mode(false, act, act, entropy && act != Act.IGNORE);
  }

  static Mode inbound(Act phrases) {
    return new Mode(true, Act.MASK, phrases, false);
  }

  /** Inside something compressed nothing can be overwritten. */
  Mode packed() {
    return new Mode(
        inward,
        secrets == Act.MASK ? Act.BLOCK : secrets,
        patterns == Act.MASK ? Act.BLOCK : patterns,
        false);
  }

  boolean off() {
    return secrets == Act.IGNORE && patterns == Act.IGNORE && !entropy;
  }
}
