package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;

/** What a scanner looks for. Immutable. */
public final class ScanRules {
  /** The shortest secret that can be told from ordinary traffic, in bytes. */
  public static final int SHORTEST_SECRET = 8;

  /** The longest one, in bytes. */
  public static final int LONGEST_SECRET = 16 * 1024;

  private final List<Known> secrets;
  private final boolean patterns;
  private final boolean entropy;
  private final Injection injection;

  private ScanRules(Builder builder) {
    secrets = List.copyOf(builder.secrets);
    patterns = builder.patterns;
    entropy = builder.entropy;
    injection = builder.injection;
  }

  /** What becomes of phrases that are known to take over agents, in what comes back. */
  public enum Injection {
    /** Nobody looks. */
    OFF,
    /** It is found, and goes on. */
    WARN,
    /** The message is refused. */
    BLOCK
  }

  /**
   * A value that is looked for. Its text form never shows it.
   *
   * @param detector known-secret or canary
   */
  record Known(String name, String detector, byte[] value) {
    @Override
    public String toString() {
      return detector + " " + name;
    }
  }

  List<Known> secrets() {
    return secrets;
  }

  boolean patterns() {
    return patterns;
  }

  boolean entropy() {
    return entropy;
  }

  Injection injection() {
    return injection;
  }

  /** Rules that look for nothing, to begin with. */
  public static Builder builder() {
    return new Builder();
  }

  /** Puts rules together. Not thread-safe. */
  public static final class Builder {
    private final List<Known> secrets = new ArrayList<>();
    private boolean patterns;
    private boolean entropy;
    private Injection injection = Injection.OFF;

    private Builder() {}

    /**
     * A value that must not pass, and what it is called in findings.
     *
     * @throws IllegalArgumentException when the value is shorter than {@link #SHORTEST_SECRET} or
     *     longer than {@link #LONGEST_SECRET}, with a sentence for people that does not show it
     */
    public Builder secret(String name, byte[] value) {
      return known(name, "known-secret", value);
    }

    /** A value nobody has a use for, put where a thief would look. */
    public Builder canary(Canary canary) {
      return known(canary.name(), "canary", canary.bytes());
    }

    /** Whether to look for what tokens of well-known services look like; at first not. */
    public Builder patterns(boolean look) {
      patterns = look;
      return this;
    }

    /** Whether to note words that look random, without stopping them; at first not. */
    public Builder entropy(boolean look) {
      entropy = look;
      return this;
    }

    /** What to do about phrases meant for agents in what comes back; at first nothing. */
    public Builder injection(Injection what) {
      injection = what;
      return this;
    }

    public ScanRules build() {
      return new ScanRules(this);
    }

    private Builder known(String name, String detector, byte[] value) {
      if (value.length < SHORTEST_SECRET || value.length > LONGEST_SECRET) {
        throw new IllegalArgumentException(
            "The secret '"
                + name
                + "' has "
                + value.length
                + " bytes, and only one of "
                + SHORTEST_SECRET
                + " to "
                + LONGEST_SECRET
                + " bytes can be told from ordinary traffic: use another, or do not give this to a"
                + " bottle.");
      }
      secrets.add(new Known(name, detector, value.clone()));
      return this;
    }
  }
}
