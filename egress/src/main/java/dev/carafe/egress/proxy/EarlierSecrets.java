package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.secret.Secret;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The credentials of the routes that were in force before: a server that was sent one may say it
 * after it was replaced, and one that a guest has learnt is often good for a while. The last
 * {@value #MOST} are remembered, each once. Not thread-safe; copies of the values are in memory
 * until {@link #clear}.
 */
final class EarlierSecrets {
  static final int MOST = 64;

  private List<Secret> current = List.of();

  /** The oldest first. */
  private List<Secret> earlier = List.of();

  /** Other credentials are in force from now on; those of before are remembered. */
  void replace(Collection<Secret> now) {
    List<Secret> copies = new ArrayList<>();
    for (Secret secret : now) {
      copies.add(Secret.of(secret.name(), secret.bytes()));
    }
    List<Secret> all = new ArrayList<>(earlier);
    all.addAll(current);
    List<Secret> kept = new ArrayList<>();
    for (Secret each : all.reversed()) {
      if (kept.size() < MOST && !holds(copies, each) && !holds(kept, each)) {
        kept.addFirst(each);
      } else {
        each.clear();
      }
    }
    current = copies;
    earlier = kept;
  }

  /** The rules, and that these are looked for as well. */
  ScanRules.Builder addTo(ScanRules.Builder rules) {
    earlier.forEach(secret -> rules.secret(secret.name(), secret.bytes()));
    return rules;
  }

  /** Forgets and overwrites all. */
  void clear() {
    replace(List.of());
    earlier.forEach(Secret::clear);
    earlier = List.of();
  }

  private static boolean holds(List<Secret> secrets, Secret one) {
    byte[] bytes = one.bytes();
    return secrets.stream().anyMatch(each -> Arrays.equals(each.bytes(), bytes));
  }
}
