package dev.carafe.egress.scan;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/** Makes tokens that open nothing, from the recipes of the data files. */
final class Examples {
  private static final String DIGITS = "0123456789";
  private static final String UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";

  private Examples() {}

  static String make(String recipe, RandomGenerator random) {
    StringBuilder made = new StringBuilder();
    for (String part : recipe.split(" \\+ ")) {
      if (part.startsWith("\"")) {
        String text = part.substring(1, part.lastIndexOf('"'));
        made.append(text.replace("\\n", "\n").replace("\\\"", "\""));
      } else {
        String[] of = part.split("\\*");
        made.append(text(alphabet(of[0]), Integer.parseInt(of[1].strip()), random));
      }
    }
    return made.toString();
  }

  static String text(String alphabet, int length, RandomGenerator random) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }

  static String alphabet(String name) {
    return switch (name) {
      case "alnum" -> UPPER + LOWER + DIGITS;
      case "hex" -> "0123456789abcdef";
      case "lower" -> LOWER;
      case "upper" -> UPPER;
      case "digit" -> DIGITS;
      case "b64" -> UPPER + LOWER + DIGITS + "+/";
      case "b64url" -> UPPER + LOWER + DIGITS + "-_";
      case "base32" -> UPPER + "234567";
      case "bech" -> "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
      default -> throw new IllegalArgumentException("no alphabet " + name);
    };
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
