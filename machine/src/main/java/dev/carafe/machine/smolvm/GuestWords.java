package dev.carafe.machine.smolvm;

import dev.carafe.machine.Execution;

/** What a command of ours in the guest said when it failed, as a clause for a person. */
final class GuestWords {
  private static final int LONGEST = 1000;

  private GuestWords() {}

  static String of(int exitCode, Execution execution, String stderr) {
    String words = stderr.strip();
    if (words.isEmpty()) {
      words = execution.message();
    }
    if (words.isEmpty()) {
      return "the command in the guest ended with " + exitCode + " and said nothing";
    }
    if (exitCode == 127) {
      words = "the guest needs /bin/sh and tar: " + words;
    }
    // The guest chooses these bytes: no escape sequences for the operator's terminal.
    String plain = words.replaceAll("[\\p{Cntrl}&&[^\n]]", "?");
    return plain.length() > LONGEST ? "…" + plain.substring(plain.length() - LONGEST) : plain;
  }
}
