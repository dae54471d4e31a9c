package dev.carafe.cli;

import java.util.Locale;

/**
 * What an argument may name, and how a shell that completes it finds the names: it lists a
 * directory, because a JVM would take too long between two keys. Names with other characters than
 * ours have are left out: what is completed is expanded by some shells, and a repository's author
 * chooses the names of the files in it.
 */
enum Named {
  AGENTS(
      "{ ls -1 \"${XDG_CONFIG_HOME:-$HOME/.config}/carafe/agents\"; ls -1 .carafe/agents; }",
      "[a-z][a-z0-9-]*",
      "[.]md"),
  BOTTLES(
      "ls -1 \"${XDG_STATE_HOME:-$HOME/.local/state}/carafe/bottles\"",
      "[a-z0-9-]+-[a-z0-9]{5}",
      ""),
  MACHINES(
      "ls -1 \"${XDG_DATA_HOME:-$HOME/.local/share}/carafe/machines\"",
      "[A-Za-z0-9][A-Za-z0-9_-]*",
      "");

  private final String listing;
  private final String name;
  private final String suffix;

  Named(String listing, String name, String suffix) {
    this.listing = listing;
    this.name = name;
    this.suffix = suffix;
  }

  /** The function of the script for bash that prints them. */
  String function(Program program) {
    return "_" + program.name() + "_" + name().toLowerCase(Locale.ROOT);
  }

  /** The body of that function, for {@code sh}; one line, without single quotes. */
  String commands() {
    return listing + " 2>/dev/null | sed -nE \"s/^(" + name + ")" + suffix + "$/\\1/p\"";
  }
}
