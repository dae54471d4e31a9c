package dev.carafe.egress.scan;

import java.util.List;
import java.util.Optional;

/** Finds what may not pass. Immutable; any thread. */
public final class Scanner {
  private final List<ScanRules.Known> secrets;

  private Scanner(ScanRules rules) {
    secrets = rules.secrets();
  }

  /** A scanner that follows these rules. */
  public static Scanner of(ScanRules rules) {
    return new Scanner(rules);
  }

  /** Looks at one small thing as a whole: a host, a path, a header's value. */
  public Optional<Finding> check(String where, byte[] whole) {
    for (ScanRules.Known secret : secrets) {
      if (indexOf(whole, whole.length, secret.value(), 0) >= 0) {
        return Optional.of(new Finding("known-secret", secret.name(), where));
      }
    }
    return Optional.empty();
  }

  /** The same length, with what was found overwritten by {@code *}. */
  public byte[] redact(byte[] whole) {
    byte[] result = whole.clone();
    for (ScanRules.Known secret : secrets) {
      int at = 0;
      while ((at = indexOf(result, result.length, secret.value(), at)) >= 0) {
        java.util.Arrays.fill(result, at, at + secret.value().length, (byte) '*');
      }
    }
    return result;
  }

  /** For one message that leaves. */
  public BodyScan outbound(OnMatch onMatch) {
    return new BodyScan(this, onMatch, "body");
  }

  /** For one message that comes back: known secrets are masked. */
  public BodyScan inbound(OnMatch onMatch) {
    return new BodyScan(this, OnMatch.REDACT, "response body");
  }

  int longest() {
    return secrets.stream().mapToInt(s -> s.value().length).max().orElse(1);
  }

  /** How many of the last bytes may be the beginning of something. */
  int begun(byte[] data) {
    int held = 0;
    for (ScanRules.Known secret : secrets) {
      byte[] value = secret.value();
      for (int n = Math.min(value.length - 1, data.length); n > held; n--) {
        if (java.util.Arrays.equals(data, data.length - n, data.length, value, 0, n)) {
          held = n;
        }
      }
    }
    return held;
  }

  static int indexOf(byte[] data, int length, byte[] wanted, int from) {
    outer:
    for (int i = from; i + wanted.length <= length; i++) {
      for (int j = 0; j < wanted.length; j++) {
        if (data[i + j] != wanted[j]) {
          continue outer;
        }
      }
      return i;
    }
    return -1;
  }
}
