package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code smolvm} program on this host, and the environment it runs in. It is looked for in that
 * environment's {@code PATH}, by us: {@link ProcessBuilder} would use this process's own.
 *
 * @param command a path, when it contains a slash, or a name to look for
 */
record SmolvmProgram(String command, Map<String, String> environment) {
  SmolvmProgram {
    environment = Map.copyOf(environment);
  }

  /** Where it is; empty if there is no such executable file. */
  Optional<Path> locate() {
    return locate(command);
  }

  private Optional<Path> locate(String name) {
    if (name.indexOf('/') >= 0) {
      return Optional.of(Path.of(name)).filter(SmolvmProgram::executable).map(Path::toAbsolutePath);
    }
    for (String directory : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
      // An empty entry would mean the current directory: never what one wants to run.
      if (!directory.isEmpty()) {
        Path candidate = Path.of(directory, name);
        if (executable(candidate)) {
          return Optional.of(candidate.toAbsolutePath());
        }
      }
    }
    return Optional.empty();
  }

  private static boolean executable(Path path) {
    return Files.isRegularFile(path) && Files.isExecutable(path);
  }

  /**
   * Starts it with these arguments.
   *
   * @param forwarded variables added to its environment
   * @param input whether someone will write its standard input; else that is empty
   */
  Process start(String attempted, List<String> argv, Map<String, String> forwarded, boolean input) {
    List<String> command = new ArrayList<>(List.of(executable(attempted).toString()));
    command.addAll(argv);
    return spawn(attempted, command, forwarded, input);
  }

  /**
   * Starts it under a terminal of the given size. smolvm wants a real terminal and has only the
   * pipes of this process, so {@code script} of util-linux makes one and passes everything through.
   * It runs its command with a shell, from one string; every word in it is quoted.
   */
  Process startOnTerminal(
      String attempted,
      List<String> argv,
      Map<String, String> forwarded,
      dev.carafe.machine.TerminalSize size) {
    Path script =
        locate("script")
            .orElseThrow(
                () ->
                    new MachineException(
                        ErrorCode.HOST,
                        attempted,
                        "smolvm needs a terminal, which the program 'script' would make; it is not"
                            + " in PATH (Debian: apt install bsdutils)"));
    StringBuilder line = new StringBuilder();
    line.append("stty rows " + size.rows() + " cols " + size.columns() + " 2>/dev/null; exec");
    quoted(line, executable(attempted).toString());
    argv.forEach(word -> quoted(line, word));
    Map<String, String> values = new HashMap<>(forwarded);
    values.put("SHELL", "/bin/sh");
    return spawn(
        attempted,
        List.of(script.toString(), "-q", "-e", "-f", "-c", line.toString(), "/dev/null"),
        values,
        true);
  }

  private static void quoted(StringBuilder line, String word) {
    line.append(" '").append(word.replace("'", "'\\''")).append('\'');
  }

  private Path executable(String attempted) {
    return locate()
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.HOST,
                    attempted,
                    command.indexOf('/') >= 0
                        ? "there is no program '" + command + "'"
                        : "there is no program '"
                            + command
                            + "' in PATH; install smolvm, or use"
                            + " the engine 'qemu'"));
  }

  private Process spawn(
      String attempted, List<String> command, Map<String, String> forwarded, boolean input) {
    checkEncodable(attempted, command);
    checkEncodable(attempted, forwarded.values());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().putAll(forwarded);
    builder.redirectInput(input ? Redirect.PIPE : Redirect.from(new File("/dev/null")));
    try {
      return builder.start();
    } catch (IOException e) {
      // Its message repeats the program and the system's reason, and no argument.
      throw new MachineException(ErrorCode.HOST, attempted, String.valueOf(e.getMessage()), e);
    }
  }

  /** In a locale without Unicode Java would quietly put a question mark for what it cannot say. */
  private static void checkEncodable(String attempted, Iterable<String> texts) {
    var encoder = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")).newEncoder();
    for (String text : texts) {
      if (!encoder.canEncode(text)) {
        throw new MachineException(
            ErrorCode.HOST,
            attempted,
            "an argument or variable has characters that this process's locale cannot express; set"
                + " LC_ALL=C.UTF-8");
      }
    }
  }
}
