package dev.carafe.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/** What was given to a verb on its command line. */
final class Arguments {
  private final ParseResult result;
  private final List<String> command;

  Arguments(ParseResult result, List<String> command) {
    this.result = result;
    this.command = List.copyOf(command);
  }

  boolean help() {
    return result.isUsageHelpRequested();
  }

  /** Whether the option was given. */
  boolean has(String name) {
    return result.hasMatchedOption(name);
  }

  /** The value of an option that is given at most once. */
  Optional<String> value(String name) {
    return Optional.ofNullable(result.<String>matchedOptionValue(name, null));
  }

  /** The values of an option that may be given many times, in order. */
  List<String> values(String name) {
    return List.of(result.matchedOptionValue(name, new String[0]));
  }

  /** The arguments that are no options; with a trailing command, the command. */
  List<String> positionals() {
    return result.hasMatchedPositional(0)
        ? List.of(result.<String[]>matchedPositionalValue(0, new String[0]))
        : List.of();
  }

  /** What followed {@code --}, where that is a command of its own. */
  List<String> command() {
    return command;
  }

  /** The first argument that is no option. */
  Optional<String> first() {
    return positionals().stream().findFirst();
  }

  /**
   * The machine's name from either dialect: {@code -n NAME} or a positional NAME.
   *
   * @throws UsageException when both were given and differ
   */
  Optional<String> machineName() {
    Optional<String> flag = value("--name");
    Optional<String> positional = first();
    if (flag.isPresent() && positional.isPresent() && !flag.equals(positional)) {
      throw new UsageException(
          "two names were given: '" + flag.get() + "' and '" + positional.get() + "'");
    }
    return flag.or(() -> positional);
  }

  /** As {@link #machineName()}, where a name must be given. */
  String requiredMachineName() {
    return machineName()
        .orElseThrow(() -> new UsageException("no machine was named: give NAME or --name NAME"));
  }
}
