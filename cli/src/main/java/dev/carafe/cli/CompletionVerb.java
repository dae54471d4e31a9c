package dev.carafe.cli;

import java.io.File;
import java.util.List;
import java.util.Set;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code completion}: a script that makes a shell complete commands and options. */
final class CompletionVerb extends Verb {
  /** What options are shown with that take the name of a file or directory of this host. */
  private static final Set<String> FILES = Set.of("DIR", "FILE", "PATH");

  private static final Set<String> OF_THE_GUEST = Set.of("--workdir", "--exclude");

  @Override
  String summary() {
    return "Prints a completion script for bash, zsh or fish.";
  }

  @Override
  void describe(Grammar grammar) {
    String name = grammar.program().name();
    grammar
        .word("bash|zsh|fish", List.of("bash", "zsh", "fish"))
        .example("completion bash > ~/.local/share/bash-completion/completions/" + name)
        .example("completion fish > ~/.config/fish/completions/" + name + ".fish");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String shell = arguments.first().orElse("");
    String script =
        switch (shell) {
          // The script for bash has a part for zsh, which needs its bashcompinit.
          case "bash", "zsh" -> bash(context.program());
          case "fish" -> fish(context.program());
          default ->
              throw new UsageException(
                  "name a shell: bash, zsh or fish",
                  "Usage: " + context.program().name() + " completion bash|zsh|fish");
        };
    context.console().print(script);
    return ExitCode.OK;
  }

  private static String bash(Program program) {
    String script = AutoComplete.bash(program.name(), tree(program));
    StringBuilder functions = new StringBuilder();
    for (Named named : Named.values()) {
      String function = named.function(program);
      functions.append(function).append("() { sh -c '").append(named.commands()).append("'; }\n");
      // picocli writes words that are known when the script is made; these are known later.
      script = script.replace("(\"" + function + "\")", "($(" + function + "))");
    }
    int afterFirstLine = script.indexOf('\n') + 1;
    return script.substring(0, afterFirstLine) + functions + script.substring(afterFirstLine);
  }

  private static CommandLine tree(Program program) {
    CommandLine root = new CommandLine(CommandSpec.create().name(program.name()));
    for (String name : Verbs.TOP) {
      if (Verbs.isGroup(name)) {
        CommandLine group = new CommandLine(CommandSpec.create().name(name));
        for (String verb : Verbs.of(name)) {
          group.addSubcommand(verb, line(program, name, verb));
        }
        root.addSubcommand(name, group);
      } else if (!name.equals("help")) {
        root.addSubcommand(name, line(program, "", name));
      }
    }
    return root;
  }

  private static CommandLine line(Program program, String group, String name) {
    Grammar grammar = Help.grammar(program, group, name, Verbs.verb(group, name));
    CommandLine line = grammar.commandLine();
    for (OptionSpec option : List.copyOf(line.getCommandSpec().options())) {
      // The one that reads command lines makes no files of words.
      if (namesFile(option)) {
        line.getCommandSpec().remove(option);
        line.getCommandSpec()
            .addOption(
                OptionSpec.builder(option.names())
                    .type(File.class)
                    .arity("1")
                    .paramLabel(option.paramLabel())
                    .description(option.description())
                    .build());
      }
    }
    List<String> words =
        grammar.named().map(named -> List.of(named.function(program))).orElse(grammar.words());
    if (!words.isEmpty()) {
      // For the script only: the one that reads command lines takes any word, and says what is.
      line.getCommandSpec()
          .addPositional(
              PositionalParamSpec.builder()
                  .type(String.class)
                  .index("0")
                  .arity("0..1")
                  .paramLabel("WORD")
                  .completionCandidates(words)
                  .build());
    }
    return line;
  }

  private static boolean namesFile(OptionSpec option) {
    return option.arity().max() > 0
        && FILES.contains(option.paramLabel())
        && !OF_THE_GUEST.contains(option.longestName());
  }

  private static String fish(Program program) {
    StringBuilder script = new StringBuilder();
    String complete = "complete -c " + program.name();
    for (Named named : Named.values()) {
      script.append("function ").append(named.function(program)).append("; sh -c ");
      script.append(quoted(named.commands())).append("; end\n");
    }
    script.append(complete).append(" -f\n");
    for (String name : Verbs.TOP) {
      String summary =
          name.equals("help")
              ? "Show help for a command."
              : Verbs.isGroup(name) ? Verbs.summary(name) : Verbs.verb("", name).summary();
      script.append(complete).append(" -n __fish_use_subcommand -a ").append(name);
      script.append(" -d ").append(quoted(summary)).append('\n');
    }
    for (String name : Verbs.TOP) {
      if (Verbs.isGroup(name)) {
        List<String> verbs = Verbs.of(name);
        String noVerbYet =
            "__fish_seen_subcommand_from "
                + name
                + "; and not __fish_seen_subcommand_from "
                + String.join(" ", verbs);
        for (String verb : verbs) {
          script.append(complete).append(" -n ").append(quoted(noVerbYet)).append(" -a ");
          script.append(verb).append(" -d ");
          script.append(quoted(Verbs.verb(name, verb).summary())).append('\n');
          options(
              script,
              complete,
              "__fish_seen_subcommand_from " + name + "; and __fish_seen_subcommand_from " + verb,
              program,
              name,
              verb);
        }
      } else if (!name.equals("help")) {
        options(script, complete, "__fish_seen_subcommand_from " + name, program, "", name);
      }
    }
    return script.toString();
  }

  private static void options(
      StringBuilder script,
      String complete,
      String condition,
      Program program,
      String group,
      String verb) {
    Grammar grammar = Help.grammar(program, group, verb, Verbs.verb(group, verb));
    String words =
        grammar
            .named()
            .map(named -> "(" + named.function(program) + ")")
            .orElse(String.join(" ", grammar.words()));
    if (!words.isEmpty()) {
      script.append(complete).append(" -n ").append(quoted(condition)).append(" -a ");
      script.append(quoted(words)).append('\n');
    }
    for (OptionSpec option : grammar.commandLine().getCommandSpec().options()) {
      if (option.hidden()) {
        continue;
      }
      script.append(complete).append(" -n ").append(quoted(condition));
      for (String name : option.names()) {
        boolean isLong = name.startsWith("--");
        script.append(isLong ? " -l " : " -s ").append(name.substring(isLong ? 2 : 1));
      }
      if (option.arity().max() > 0) {
        script.append(namesFile(option) ? " -r -F" : " -r");
      }
      script.append(" -d ").append(quoted(option.description()[0])).append('\n');
    }
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
