package dev.carafe.machine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command to run in a machine. Immutable; the {@code with} methods return changed copies.
 *
 * @param argv the program and its arguments; at least the program. Looked for in the guest's PATH
 * @param env added to the machine's environment, and wins over it (image &lt; machine &lt; exec)
 * @param directory absolute; empty for the machine's, else the image's, else {@code /}
 * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}; empty for the
 *     machine's, else the image's, else root
 * @param terminal run on a pseudo-terminal of this size
 * @param timeout after which the command and all it started are killed (exit code 124); at least a
 *     millisecond
 * @param input whether the caller will write standard input; without, it is {@code /dev/null}
 * @param detached run without streams, and go on when this process ends
 */
public record ExecSpec(
    List<String> argv,
    Map<String, String> env,
    Optional<String> directory,
    Optional<String> user,
    Optional<TerminalSize> terminal,
    Optional<Duration> timeout,
    boolean input,
    boolean detached) {

  public ExecSpec {
    argv = List.copyOf(argv);
    env = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(env));
    if (argv.isEmpty() || argv.getFirst().isEmpty()) {
      throw invalid("no command was given");
    }
    for (String argument : argv) {
      if (argument.indexOf('\0') >= 0) {
        throw invalid("an argument contains a NUL character");
      }
    }
    for (var variable : env.entrySet()) {
      if (!variable.getKey().matches("[^=\0]+") || variable.getValue().indexOf('\0') >= 0) {
        throw invalid(
            "environment variable '" + variable.getKey().replace('\0', '?') + "' is malformed");
      }
    }
    if (timeout.isPresent() && timeout.get().toMillis() < 1) {
      throw invalid("a time limit is at least one millisecond");
    }
    if (detached && (input || terminal.isPresent())) {
      throw invalid("a detached command has neither input nor terminal");
    }
  }

  private static MachineException invalid(String why) {
    return new MachineException(ErrorCode.INVALID, "run a command", why);
  }

  public static ExecSpec of(String... argv) {
    return of(List.of(argv));
  }

  public static ExecSpec of(List<String> argv) {
    return new ExecSpec(
        argv,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false);
  }

  /** {@code /bin/sh -c script}. */
  public static ExecSpec shell(String script) {
    return of("/bin/sh", "-c", script);
  }

  public ExecSpec withEnv(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(env);
    more.put(name, value);
    return withEnv(more);
  }

  /** Replaces the whole environment of this spec. */
  public ExecSpec withEnv(Map<String, String> variables) {
    return new ExecSpec(argv, variables, directory, user, terminal, timeout, input, detached);
  }

  public ExecSpec withDirectory(String path) {
    return new ExecSpec(argv, env, Optional.of(path), user, terminal, timeout, input, detached);
  }

  public ExecSpec withUser(String name) {
    return new ExecSpec(
        argv, env, directory, Optional.of(name), terminal, timeout, input, detached);
  }

  public ExecSpec withTerminal(TerminalSize size) {
    return new ExecSpec(argv, env, directory, user, Optional.of(size), timeout, true, detached);
  }

  public ExecSpec withTimeout(Duration limit) {
    return new ExecSpec(argv, env, directory, user, terminal, Optional.of(limit), input, detached);
  }

  public ExecSpec withInput() {
    return new ExecSpec(argv, env, directory, user, terminal, timeout, true, detached);
  }

  public ExecSpec asDetached() {
    return new ExecSpec(argv, env, directory, user, terminal, timeout, false, true);
  }

  /** {@code NAME=value} for each variable, in order. */
  List<String> environment() {
    List<String> lines = new ArrayList<>();
    env.forEach((name, value) -> lines.add(name + "=" + value));
    return lines;
  }
}
