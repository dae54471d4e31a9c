package dev.carafe.machine;

/**
 * One attempt to reach something from inside a machine, and whether it went as the machine's
 * network says.
 *
 * @param attempt what was tried, as a person reads it
 * @param mustFail whether it has to fail
 * @param outcome what came of it
 * @param holds whether that is as it has to be
 */
public record Proof(String attempt, boolean mustFail, String outcome, boolean holds) {
  /** What was to come of it and what came, for one that does not hold. */
  public String contradiction() {
    return (mustFail ? "it must not reach " : "it must reach ")
        + attempt
        + ", but what came of it was: "
        + outcome;
  }
}
