package dev.carafe.egress.scan;

/** A message may not go on. Neither its text nor its finding shows what was found. */
public final class BlockedException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Finding finding;

  public BlockedException(Finding finding) {
    // A decision, not a failure: where in the program it was made is of no use to anybody.
    super(finding.detector() + " " + finding.rule() + " in " + finding.where(), null, false, false);
    this.finding = finding;
  }

  /** Why. */
  public Finding finding() {
    return finding;
  }
}
