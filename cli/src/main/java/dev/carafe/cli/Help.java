package dev.carafe.cli;

import java.util.ArrayList;
import java.util.List;

/** The texts of {@code help} and {@code --help}. */
final class Help {
  private Help() {}

  /** The text about the verb or group that the words name; about everything when there are none. */
  static String of(Program program, List<String> words) {
    if (words.isEmpty()) {
      return tree(program, "");
    }
    String first = words.getFirst();
    if (first.equals("help") || first.equals("--help") || first.equals("-h")) {
      return tree(program, "");
    }
    if (!Verbs.isGroup(first)) {
      return verb(program, "", first);
    }
    String group = Verbs.group(first);
    return words.size() == 1 ? tree(program, group) : verb(program, group, words.get(1));
  }

  private static String verb(Program program, String group, String word) {
    Verb verb = Verbs.verb(group, word);
    String name = Verbs.canonical(group, word);
    return grammar(program, group, name, verb).help(verb.summary());
  }

  /** The grammar of a verb. */
  static Grammar grammar(Program program, String group, String name, Verb verb) {
    Grammar grammar = new Grammar(program, group.isEmpty() ? name : group + " " + name);
    verb.describe(grammar);
    return grammar;
  }

  /** The list of a group's verbs; of all groups' for the top. */
  static String tree(Program program, String group) {
    StringBuilder text = new StringBuilder();
    String path = group.isEmpty() ? program.name() : program.name() + " " + group;
    text.append(Verbs.summary(group)).append("\n\n");
    text.append("Usage: ").append(path).append(" COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n");
    List<List<String>> rows = new ArrayList<>();
    for (String name : Verbs.of(group)) {
      if (name.equals("help")) {
        rows.add(List.of("  help", "Show help for a command: " + program.name() + " help run"));
      } else if (Verbs.isGroup(name)) {
        rows.add(List.of("  " + name, Verbs.summary(name)));
        for (String verb : Verbs.of(name)) {
          rows.add(List.of("  " + name + " " + verb, Verbs.verb(name, verb).summary()));
        }
      } else {
        rows.add(List.of("  " + name, Verbs.verb(group, name).summary()));
      }
    }
    text.append(Text.table(rows));
    text.append("\nUse '").append(path).append(" COMMAND --help' for a command's options");
    text.append(group.isEmpty() ? ".\n\nExamples:\n" : ".\n");
    if (group.isEmpty()) {
      text.append("  ").append(path).append(" start claude --cwd .\n");
      text.append("  ").append(path);
      text.append(" start claude --cwd . --headless --pull --prompt 'make the tests pass'\n");
      text.append("  ").append(path).append(" run -- uname -a\n");
      text.append("  ").append(path).append(" machine create --name web --image debian:12\n");
      text.append("  ").append(path).append(" machine start --name web\n");
      text.append("  ").append(path).append(" machine exec --name web -- cat /etc/os-release\n");
    }
    return text.toString();
  }
}
