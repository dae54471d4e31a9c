package dev.carafe.egress.scan;

/** A message may not go on. */
public final class BlockedException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Finding finding;

  public BlockedException(Finding finding) {
    super(finding.detector() + " " + finding.rule() + " in " + finding.where());
    this.finding = finding;
  }

  /** Why. */
  public Finding finding() {
    return finding;
  }
}
