package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretException;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.egress.yaml.Problems;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Fetches the secrets of credentials, each once, and all of them before a moment. */
final class AuthFetcher {
  private final SecretSources sources;
  private final Problems problems;
  private final long end;

  /** One secret may be used by several routes, and is fetched once. */
  private final Map<SecretReference, Optional<Secret>> resolved = new LinkedHashMap<>();

  private final List<Secret> passwords = new ArrayList<>();

  AuthFetcher(SecretSources sources, Problems problems, Duration limit) {
    this.sources = sources;
    this.problems = problems;
    this.end = System.nanoTime() + limit.toNanos();
  }

  /** The credential with its secret; empty, and a problem, when that cannot be had. Blocks. */
  Optional<Auth> fetch(DeclaredAuth want) {
    // Not computeIfAbsent: a failure is one problem, at the first place that needs it.
    if (!resolved.containsKey(want.reference())) {
      resolved.put(want.reference(), resolve(want));
    }
    Optional<Secret> secret = resolved.get(want.reference());
    secret.ifPresent(s -> checkForm(want, s));
    return secret.map(s -> new Auth(want.header(), want.prefix(), s));
  }

  private Optional<Secret> resolve(DeclaredAuth want) {
    Duration left = Duration.ofNanos(end - System.nanoTime());
    try {
      return Optional.of(sources.resolve(want.reference(), left));
    } catch (SecretException e) {
      problems.add(want.at(), e.getMessage());
      return Optional.empty();
    }
  }

  private void checkForm(DeclaredAuth want, Secret secret) {
    byte[] value = secret.bytes();
    if (want.prefix().equals("Basic ")) {
      int colon = 0;
      while (colon < value.length && value[colon] != ':') {
        colon++;
      }
      int password = value.length - colon - 1;
      if (colon == value.length) {
        problems.add(want.at(), secret.name() + " must be user:password for the scheme basic");
      } else if (password >= Secret.LEAST_BYTES) {
        byte[] bytes = Arrays.copyOfRange(value, colon + 1, value.length);
        passwords.add(Secret.of("the password in " + secret.name(), bytes));
        Arrays.fill(bytes, (byte) 0);
      } else {
        problems.add(
            want.at(),
            "the password in "
                + secret.name()
                + " is shorter than "
                + Secret.LEAST_BYTES
                + " bytes");
      }
    } else {
      for (byte each : value) {
        if (each < 0) {
          problems.add(
              want.at(), secret.name() + " has letters beyond ASCII, which no header can carry");
          break;
        }
      }
    }
    Arrays.fill(value, (byte) 0);
  }

  /** All that has been fetched, and the passwords within it. */
  List<Secret> secrets() {
    List<Secret> all = new ArrayList<>();
    resolved.values().forEach(secret -> secret.ifPresent(all::add));
    all.addAll(passwords);
    return all;
  }
}
