package dev.carafe.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/**
 * The options and arguments of one verb, and reading them from a command line. Builds picocli's
 * model by hand: reflection on annotations costs 60 ms at every start.
 *
 * <p>Options of smolvm that are not built yet are part of the grammar, so that they are recognised
 * and refused by name, never ignored and never taken for something else.
 */
final class Grammar {
  private static final int WIDTH = 98;

  /**
   * Nothing here is made by picocli. Its own factory looks for a class of Groovy when it is loaded,
   * and for that opens every jar of the program.
   */
  private static final CommandLine.IFactory NO_FACTORY = Grammar::cannotMake;

  private final Program program;
  private final String path;
  private final CommandSpec spec = CommandSpec.wrapWithoutInspection(null, NO_FACTORY);

  /** Option name → why it is refused. */
  private final Map<String, String> refused = new LinkedHashMap<>();

  private final List<String> withoutEffect = new ArrayList<>();
  private final List<String> examples = new ArrayList<>();
  private String synopsis = "[OPTIONS]";
  private List<String> words = List.of();
  private Optional<Named> named = Optional.empty();
  private int maximum;
  private boolean splitsCommand;

  /**
   * @param path the words that call the verb, without the program: {@code "machine exec"}
   */
  Grammar(Program program, String path) {
    this.program = program;
    this.path = path;
    spec.name(program.name() + " " + path);
  }

  private static <K> K cannotMake(Class<K> wanted) {
    throw new IllegalStateException("picocli wants to make " + wanted);
  }

  Program program() {
    return program;
  }

  /** The words that call this verb, with the program. */
  String fullName() {
    return program.name() + " " + path;
  }

  /** A switch. */
  Grammar flag(String description, String... names) {
    spec.addOption(
        OptionSpec.builder(names).type(boolean.class).arity("0").description(description).build());
    return this;
  }

  /** An option with a value, given at most once. */
  Grammar value(String label, String description, String... names) {
    spec.addOption(
        OptionSpec.builder(names)
            .type(String.class)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
    return this;
  }

  /** An option with a value, given any number of times. */
  Grammar values(String label, String description, String... names) {
    spec.addOption(
        OptionSpec.builder(names)
            .type(String[].class)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
    return this;
  }

  /** A switch of smolvm that changes nothing here, because things are so already. */
  Grammar accepted(String... names) {
    spec.addOption(OptionSpec.builder(names).type(boolean[].class).arity("0").hidden(true).build());
    withoutEffect.add(names[names.length - 1]);
    return this;
  }

  /** Switches of smolvm that are refused. */
  Grammar refuseFlags(String why, String... names) {
    for (String name : names) {
      spec.addOption(
          OptionSpec.builder(name).type(boolean[].class).arity("0").hidden(true).build());
      refused.put(name, why);
    }
    return this;
  }

  /** An option of smolvm with a value that is refused; the names are one option's. */
  Grammar refuseValue(String why, String... names) {
    spec.addOption(OptionSpec.builder(names).type(String[].class).arity("1").hidden(true).build());
    refused.put(names[names.length - 1], why);
    return this;
  }

  /**
   * Arguments that are not options.
   *
   * @param maximum how many there may be
   * @param text as the usage line shows them
   */
  Grammar arguments(int maximum, String text) {
    this.maximum = maximum;
    synopsis += " " + text;
    return this;
  }

  /** One argument that is one of these words, which a shell can complete. */
  Grammar word(String text, List<String> known) {
    words = known;
    return arguments(1, text);
  }

  /** The words that the argument is one of; none if it may be anything. */
  List<String> words() {
    return words;
  }

  /** The first argument names one of these, which a shell can complete. */
  Grammar naming(Named what) {
    named = Optional.of(what);
    return this;
  }

  /** What the first argument names; empty if it may be anything. */
  Optional<Named> named() {
    return named;
  }

  /** The first argument that is no option, and all that follows it, are a guest's command. */
  Grammar trailingCommand(String text) {
    spec.parser().stopAtPositional(true);
    return arguments(Integer.MAX_VALUE, text);
  }

  /** What follows {@code --} is a guest's command, what precedes it is ours. */
  Grammar commandAfterDashes(String text) {
    splitsCommand = true;
    synopsis += " " + text;
    return this;
  }

  /** A command line that works, without the program's name. */
  Grammar example(String line) {
    examples.add(program.name() + " " + line);
    return this;
  }

  /** Reads a command line, of which the words of the verb are gone already. */
  Arguments parse(List<String> words) {
    List<String> ours = words;
    List<String> command = List.of();
    if (splitsCommand && words.contains("--")) {
      int dashes = words.indexOf("--");
      ours = words.subList(0, dashes);
      command = words.subList(dashes + 1, words.size());
    }
    CommandLine line = commandLine();
    ParseResult result;
    try {
      result = line.parseArgs(ours.toArray(String[]::new));
    } catch (CommandLine.UnmatchedArgumentException e) {
      throw unknown(e.getUnmatched().getFirst());
    } catch (CommandLine.OverwrittenOptionException e) {
      throw new UsageException(
          "the option " + longest(e.getOverwritten()) + " was given more than once");
    } catch (CommandLine.MissingParameterException e) {
      throw new UsageException(
          e.getMissing().isEmpty() || !(e.getMissing().getFirst() instanceof OptionSpec option)
              ? e.getMessage()
              : "the option " + option.longestName() + " needs a value: " + option.paramLabel(),
          "See '" + fullName() + " --help'.");
    } catch (CommandLine.ParameterException e) {
      throw new UsageException(e.getMessage(), "See '" + fullName() + " --help'.");
    }
    Arguments arguments = new Arguments(result, command);
    if (!arguments.help()) {
      refuse(result);
      if (arguments.positionals().size() > maximum) {
        throw new UsageException(
            "unexpected argument '" + arguments.positionals().get(maximum) + "'",
            "See '" + fullName() + " --help'.");
      }
    }
    return arguments;
  }

  private void refuse(ParseResult result) {
    if (refused.isEmpty()) {
      return;
    }
    for (OptionSpec option : result.matchedOptions()) {
      for (String name : option.names()) {
        String why = refused.get(name);
        if (why != null) {
          throw new UsageException(
              String.join("/", option.names()) + " is not supported: " + why + ".");
        }
      }
    }
  }

  private UsageException unknown(String argument) {
    if (!argument.startsWith("-")) {
      return new UsageException(
          "unexpected argument '" + argument + "'", "See '" + fullName() + " --help'.");
    }
    int equals = argument.indexOf('=');
    String name = equals < 0 ? argument : argument.substring(0, equals);
    List<String> known = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (!option.hidden()) {
        known.addAll(List.of(option.names()));
      }
    }
    return new UsageException(
        "unknown option '" + name + "'",
        Suggestion.hint(name, known, "See '" + fullName() + " --help'."));
  }

  private static String longest(CommandLine.Model.ArgSpec argument) {
    return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
  }

  /** The finished model, also for help and completion. */
  CommandLine commandLine() {
    if (spec.optionsMap().get("--help") == null) {
      spec.addOption(
          OptionSpec.builder("-h", "--help")
              .type(boolean.class)
              .arity("0")
              .usageHelp(true)
              .description("Show this text.")
              .build());
      // All arguments that are no options, so that we can say ourselves what is wrong with them.
      spec.addPositional(
          PositionalParamSpec.builder()
              .type(String[].class)
              .index("0..*")
              .arity("0..*")
              .hidden(true)
              .paramLabel("ARGUMENT")
              .build());
    }
    CommandLine line = new CommandLine(spec, NO_FACTORY);
    line.setExpandAtFiles(false);
    line.setInterpolateVariables(false);
    line.setTrimQuotes(false);
    return line;
  }

  /** The text of {@code --help}. */
  String help(String summary) {
    CommandLine line = commandLine();
    var usage = spec.usageMessage();
    usage.description(summary, "");
    usage.customSynopsis(fullName() + " " + synopsis);
    usage.sortOptions(false);
    usage.width(WIDTH + 2);
    usage.adjustLineBreaksForWideCJKCharacters(false);
    List<String> footer = new ArrayList<>();
    if (!examples.isEmpty()) {
      footer.add("");
      footer.add("Examples:");
      examples.forEach(example -> footer.add("  " + example));
    }
    if (!withoutEffect.isEmpty()) {
      footer.add("");
      footer.addAll(Text.wrapped("Accepted, without effect: ", withoutEffect, WIDTH));
    }
    if (!refused.isEmpty()) {
      footer.add("");
      footer.addAll(Text.wrapped("Refused, because not built: ", refused.keySet(), WIDTH));
    }
    usage.footer(footer.toArray(String[]::new));
    return line.getUsageMessage(CommandLine.Help.Ansi.OFF);
  }
}
