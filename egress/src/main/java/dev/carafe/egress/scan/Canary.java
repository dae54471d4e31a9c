package dev.carafe.egress.scan;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.random.RandomGenerator;

/**
 * A secret that opens nothing, for the environment of one bottle: who sends it somewhere has read
 * what was not meant to be sent. Its text form does not show the token.
 *
 * @param name of the environment variable: WORD_WORD_SECRET
 * @param token 43 characters, as if it were real
 */
public record Canary(String name, String token) {
  private static final String[] WORDS = {
    "ACCOUNT", "AMBER", "ARCHIVE", "ATLAS", "BILLING", "BRIDGE", "CEDAR", "CLUSTER", "COBALT",
    "DEPLOY", "DELTA", "EMBER", "EXPORT", "FALCON", "GATEWAY", "HARBOR", "INDEX", "IVORY",
    "JUNIPER", "LEDGER", "MAPLE", "MERCURY", "METRICS", "NORTH", "ORBIT", "PARTNER", "PAYMENT",
    "QUARTZ", "RELEASE", "REPORT", "SIGNAL", "STORAGE", "SUMMIT", "TUNNEL", "VECTOR", "WILLOW"
  };

  /** A new one. */
  public static Canary random() {
    return random(new SecureRandom());
  }

  static Canary random(RandomGenerator random) {
    byte[] token = new byte[32];
    random.nextBytes(token);
    String first = WORDS[random.nextInt(WORDS.length)];
    String second = WORDS[random.nextInt(WORDS.length)];
    return new Canary(
        first + "_" + second + "_SECRET",
        Base64.getUrlEncoder().withoutPadding().encodeToString(token));
  }

  byte[] bytes() {
    return token.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public String toString() {
    return "canary " + name;
  }
}
