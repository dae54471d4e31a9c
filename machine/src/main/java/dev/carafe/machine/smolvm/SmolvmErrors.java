package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What smolvm's exit code and standard error mean.
 *
 * <p>smolvm passes a guest command's exit code on as its own, and uses 1, 2, 124, 129 and 255
 * itself as well. What tells them apart is the last line of standard error: smolvm's own begins
 * {@code Error: } and goes on with one of a few texts that have not changed since 0.8. A command in
 * the guest can print such a line too; then its exit code is taken for a failure of smolvm's, which
 * is wrong and harmless.
 */
final class SmolvmErrors {
  private static final String MARK = "Error: ";

  /** How a text begins, and what it means; the first that fits counts. */
  private record Text(Pattern begins, ErrorCode code) {}

  private static final List<Text> TEXTS =
      List.of(
          text("vm not found", ErrorCode.NOT_FOUND),
          text(
              "config operation failed: create machine.* already exists", ErrorCode.ALREADY_EXISTS),
          text("a machine named .* already exists", ErrorCode.ALREADY_EXISTS),
          text("invalid vm state: ", ErrorCode.STATE),
          text("agent operation failed: connect: machine .* is not running", ErrorCode.STATE),
          text("(agent operation failed: )?.*host port \\d+ is already in use", ErrorCode.STATE),
          text("agent operation failed: pull", ErrorCode.IMAGE),
          text("agent operation failed: ", ErrorCode.GUEST),
          text("init\\[\\d+\\] failed", ErrorCode.GUEST),
          text("storage operation failed: ", ErrorCode.STORAGE),
          text("database operation failed: ", ErrorCode.STORAGE),
          text("database not available: ", ErrorCode.STORAGE),
          text("io operation failed: ", ErrorCode.STORAGE),
          text("mount operation failed: ", ErrorCode.INVALID),
          text("invalid mount path: ", ErrorCode.INVALID),
          text("mount source not found: ", ErrorCode.INVALID),
          text("hypervisor not available", ErrorCode.HOST),
          text("kvm ", ErrorCode.HOST),
          text("vm creation failed: ", ErrorCode.ENGINE),
          text("config operation failed: ", ErrorCode.ENGINE),
          text("command '.*' failed: ", ErrorCode.ENGINE));

  private static final Pattern NO_SUCH_PROGRAM =
      Pattern.compile(
          "(?i)(Error: agent operation failed: .*failed to spawn.*"
              + "|.*(crun|oci runtime|Error: agent operation failed).*executable file .*not found.*"
              + "|crun: .*(no such file or directory|permission denied).*)");

  private SmolvmErrors() {}

  private static Text text(String begins, ErrorCode code) {
    return new Text(Pattern.compile("(?i)" + begins + ".*"), code);
  }

  /**
   * What the end of a guest command's {@code smolvm machine exec} means.
   *
   * @param error what smolvm failed with; empty when {@code exitCode} is the command's
   * @param message why the command could not be started; empty otherwise
   */
  record Verdict(int exitCode, Optional<ErrorCode> error, String message) {}

  /**
   * @param exitCode of the smolvm process
   * @param stderr its standard error, of which the end is enough
   */
  static Verdict ofExec(int exitCode, String stderr) {
    String last = lastLine(stderr);
    if ((exitCode == 1 || exitCode == 126 || exitCode == 127)
        && NO_SUCH_PROGRAM.matcher(last).matches()) {
      boolean denied = last.toLowerCase(java.util.Locale.ROOT).contains("permission denied");
      return new Verdict(denied ? 126 : 127, Optional.empty(), plain(last));
    }
    boolean ambiguous =
        switch (exitCode) {
          case 1, 2, 124, 129, 255 -> true;
          default -> false;
        };
    if (ambiguous && last.startsWith(MARK) && known(plain(last)).isPresent()) {
      // Only a connection that breaks while a command runs ends with these two.
      boolean lost = exitCode == 124 || exitCode == 129;
      return new Verdict(
          exitCode, Optional.of(lost ? ErrorCode.LOST : of(exitCode, stderr)), plain(last));
    }
    if (exitCode == 2 && usage(stderr)) {
      return new Verdict(exitCode, Optional.of(of(exitCode, stderr)), plain(last));
    }
    return new Verdict(exitCode, Optional.empty(), "");
  }

  /** What kind of failure a verb other than exec ended with. */
  static ErrorCode of(int exitCode, String stderr) {
    if (exitCode == 2) {
      // A usage error: either a value is wrong, or this release lacks the option.
      return stderr.contains("error: unexpected argument")
              || stderr.contains("error: unrecognized subcommand")
          ? ErrorCode.UNSUPPORTED
          : ErrorCode.INVALID;
    }
    return stderr
        .lines()
        .filter(line -> line.startsWith(MARK))
        .reduce((first, second) -> second)
        .flatMap(line -> known(plain(line)))
        .orElse(ErrorCode.ENGINE);
  }

  private static Optional<ErrorCode> known(String text) {
    return TEXTS.stream()
        .filter(candidate -> candidate.begins().matcher(text).matches())
        .map(Text::code)
        .findFirst();
  }

  private static boolean usage(String stderr) {
    return stderr.lines().anyMatch(line -> line.startsWith("error: "))
        && stderr.lines().anyMatch(line -> line.startsWith("Usage: smolvm"));
  }

  private static String lastLine(String stderr) {
    return stderr
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .reduce((first, second) -> second)
        .orElse("");
  }

  private static String plain(String line) {
    return line.startsWith(MARK) ? line.substring(MARK.length()) : line;
  }
}
