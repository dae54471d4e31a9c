package dev.carafe.machine.channel;

import dev.carafe.machine.TerminalSize;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A command as the guest gets it: everything that an image or a machine adds is in it already.
 *
 * @param argv at least the program
 * @param environment {@code NAME=value}; a later name wins
 * @param directory absolute; empty for {@code /}
 * @param user {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}; empty for root
 * @param timeout at least a millisecond
 * @param input whether standard input is written; without, it is {@code /dev/null}
 * @param detached no streams; lives on when the channel goes
 */
public record Command(
    List<String> argv,
    List<String> environment,
    Optional<String> directory,
    Optional<String> user,
    Optional<TerminalSize> terminal,
    Optional<Duration> timeout,
    boolean input,
    boolean detached) {

  public Command {
    argv = List.copyOf(argv);
    environment = List.copyOf(environment);
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("a command has at least a program");
    }
  }

  Request request() {
    Request request =
        new Request(Protocol.EXEC, "run '" + GuestText.of(argv.get(0)) + "' in the guest");
    for (int i = 0; i < argv.size(); i++) {
      request.text(1, argv.get(i));
    }
    for (int i = 0; i < environment.size(); i++) {
      request.text(2, environment.get(i));
    }
    if (directory.isPresent()) {
      request.text(3, directory.get());
    }
    if (user.isPresent()) {
      request.text(4, user.get());
    }
    if (terminal.isPresent()) {
      request.u16s(5, terminal.get().rows(), terminal.get().columns());
    }
    if (timeout.isPresent()) {
      request.u64(6, Math.max(1, timeout.get().toMillis()));
    }
    if (detached) {
      request.u8(7, 1);
    }
    if (!input) {
      request.u8(8, 1);
    }
    return request;
  }

  /** Without the environment and the arguments, which may hold secrets. */
  @Override
  public String toString() {
    return "Command[" + argv.get(0) + "]";
  }
}
