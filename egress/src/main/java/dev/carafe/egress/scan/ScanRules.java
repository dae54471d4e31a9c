package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;

/** What a scanner looks for. Immutable. */
public final class ScanRules {
  private final List<Known> secrets;

  private ScanRules(List<Known> secrets) {
    this.secrets = List.copyOf(secrets);
  }

  record Known(String name, byte[] value) {}

  List<Known> secrets() {
    return secrets;
  }

  /** Rules that look for nothing, to begin with. */
  public static Builder builder() {
    return new Builder();
  }

  /** Puts rules together. */
  public static final class Builder {
    private final List<Known> secrets = new ArrayList<>();

    private Builder() {}

    /** A value that must not pass, and what it is called in findings. */
    public Builder secret(String name, byte[] value) {
      secrets.add(new Known(name, value.clone()));
      return this;
    }

    public ScanRules build() {
      return new ScanRules(secrets);
    }
  }
}
