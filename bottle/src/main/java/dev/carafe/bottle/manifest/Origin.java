package dev.carafe.bottle.manifest;

/** Who wrote a file. */
public enum Origin {
  /** The user: the file is in the user's own directory. */
  USER("your own"),
  /** Whoever wrote the repository that is worked in: nothing in the file is to be trusted. */
  REPOSITORY("from this repository");

  private final String words;

  Origin(String words) {
    this.words = words;
  }

  /** For people. */
  public String words() {
    return words;
  }
}
