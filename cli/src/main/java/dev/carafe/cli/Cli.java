package dev.carafe.cli;

import dev.carafe.bottle.BottleException;
import dev.carafe.cli.pick.NoTerminalException;
import dev.carafe.image.ImageException;
import dev.carafe.machine.MachineException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;

/**
 * The command line as a function: from arguments, streams and an environment to an exit code. Only
 * the grammar of the verb that was called is built; the whole tree is for help and completion.
 */
final class Cli {
  private final String programName;
  private final Console console;
  private final Terminal terminal;
  private final Signals signals;
  private final Map<String, String> env;
  private final Rooms rooms;

  /**
   * @param programName the name the program was called by
   */
  Cli(
      String programName,
      Console console,
      Terminal terminal,
      Signals signals,
      Map<String, String> env,
      Rooms rooms) {
    this.programName = programName;
    this.console = console;
    this.terminal = terminal;
    this.signals = signals;
    this.env = env;
    this.rooms = rooms;
  }

  /** Runs one command line to its end and returns the exit code. Throws nothing. */
  int run(String... args) {
    try {
      Program program = Program.of(programName, env);
      return call(List.of(args), new Context(program, console, terminal, signals, env, rooms));
    } catch (UsageException e) {
      return fail("error: " + e.getMessage(), ExitCode.USAGE, e);
    } catch (FailureException e) {
      return fail("Error: " + e.getMessage(), e.exitCode(), e);
    } catch (BottleException e) {
      return fail("Error: " + e.getMessage(), ExitCode.FAILED, e);
    } catch (MachineException e) {
      return fail("Error: " + Failures.sentence(e), Failures.exitCode(e), e);
    } catch (ImageException | NoTerminalException e) {
      return fail("Error: " + e.getMessage(), ExitCode.FAILED, e);
    } catch (Console.OutputClosedException e) {
      if (!terminal.outputHasReader()) {
        return fail("Error: " + e.getMessage(), ExitCode.FAILED, e);
      }
      debug(e);
      return ExitCode.OUTPUT_CLOSED;
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError | LinkageError e) {
      String hint = debugging() ? "" : " (set CARAFE_DEBUG=1 to see where)";
      return fail("Error: unexpected: " + e + hint, ExitCode.FAILED, e);
    }
  }

  private static int call(List<String> words, Context context) {
    if (words.isEmpty()) {
      context.console().prompt(Help.tree(context.program(), ""));
      return ExitCode.USAGE;
    }
    String first = words.getFirst();
    switch (first) {
      case "help", "--help", "-h" -> {
        context.console().print(Help.of(context.program(), words.subList(1, words.size())));
        return ExitCode.OK;
      }
      case "--version", "-V" -> {
        return new VersionVerb().print(context);
      }
      default -> {}
    }
    if (!Verbs.isGroup(first)) {
      return call(Verbs.verb("", first), first, words.subList(1, words.size()), context);
    }
    String group = Verbs.group(first);
    if (words.size() == 1) {
      context.console().prompt(Help.tree(context.program(), group));
      return ExitCode.USAGE;
    }
    String second = words.get(1);
    if (second.equals("help") || second.equals("--help") || second.equals("-h")) {
      context.console().print(Help.tree(context.program(), group));
      return ExitCode.OK;
    }
    return call(
        Verbs.verb(group, second),
        group + " " + Verbs.canonical(group, second),
        words.subList(2, words.size()),
        context);
  }

  private static int call(Verb verb, String path, List<String> words, Context context) {
    Grammar grammar = new Grammar(context.program(), path);
    verb.describe(grammar);
    Arguments arguments = grammar.parse(words);
    if (arguments.help()) {
      context.console().print(grammar.help(verb.summary()));
      return ExitCode.OK;
    }
    if (context.program().smolvm() || !Verbs.isOfBottles(path)) {
      return verb.run(arguments, context);
    }
    try {
      return verb.run(arguments, context);
    } catch (MachineException e) {
      throw new FailureException(Failures.plain(e), Failures.exitCode(e), e);
    } catch (FailureException e) {
      // A session says it in smolvm's words already.
      if (e.getCause() instanceof MachineException cause) {
        throw new FailureException(Failures.plain(cause), e.exitCode(), cause);
      }
      throw e;
    }
  }

  private int fail(String line, int exitCode, Throwable cause) {
    console.note(line);
    debug(cause);
    return exitCode;
  }

  private boolean debugging() {
    return !env.getOrDefault("CARAFE_DEBUG", "").isEmpty();
  }

  private void debug(Throwable cause) {
    if (debugging()) {
      StringWriter trace = new StringWriter();
      cause.printStackTrace(new PrintWriter(trace));
      console.prompt(trace.toString());
    }
  }
}
