package dev.carafe.machine.smolvm;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** Copies a file or a tree out of a guest, as a tar that a command there writes. */
final class CopyOut {
  /** Argument: the path. A tree's first entry is {@code ./}, so that we know which it is. */
  private static final String SCRIPT =
      """
      if [ -d "$1" ] && [ ! -L "$1" ]; then exec tar -c -f - -C "$1" .; fi
      if [ ! -e "$1" ] && [ ! -L "$1" ]; then echo "there is no '$1'" >&2; exit 1; fi
      base=$(basename -- "$1")
      exec tar -c -f - -C "$(dirname -- "$1")" "./$base"
      """;

  private final String machine;
  private final Function<ExecSpec, Execution> runner;
  private final long mostBytes;

  /**
   * @param mostBytes more than the guest can have: a stream that goes on beyond it is cut off
   */
  CopyOut(String machine, Function<ExecSpec, Execution> runner, long mostBytes) {
    this.machine = machine;
    this.runner = runner;
    this.mostBytes = mostBytes;
  }

  void copy(String guest, Path host, CopyOptions options) {
    String attempted = "copy '" + machine + ":" + guest + "' to '" + host + "'";
    if (!guest.startsWith("/") || guest.indexOf('\0') >= 0) {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "the path in the guest must be absolute");
    }
    Path destination = host.toAbsolutePath().normalize();
    if (options.intoDirectory() && Files.isDirectory(destination)) {
      Path last = Path.of(guest).normalize().getFileName();
      if (last == null) {
        throw new MachineException(
            ErrorCode.INVALID, attempted, "'" + guest + "' has no last name; name the copy");
      }
      destination = destination.resolve(last.toString());
    }
    ExecSpec command = ExecSpec.of("/bin/sh", "-c", SCRIPT, "sh", guest);
    try (Execution execution = runner.apply(command)) {
      Lane said = Lane.of(execution.stderr(), "copy-stderr");
      said.lift();
      boolean something;
      try {
        something = new Unpacking(destination, options, mostBytes).read(execution.stdout());
      } catch (BadArchiveException e) {
        throw failed(
            attempted, execution, said, "what the guest sent is refused: " + e.getMessage());
      } catch (IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        throw failed(attempted, execution, said, "writing failed: " + reason);
      }
      int exitCode = execution.await();
      said.awaitEnd(1000);
      if (exitCode != 0 || !something) {
        throw new MachineException(
            ErrorCode.COPY, attempted, GuestWords.of(exitCode, execution, said.tail()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }

  /** The guest's own words when it has failed by itself, else ours. */
  private static MachineException failed(
      String attempted, Execution execution, Lane said, String otherwise)
      throws InterruptedException {
    // An archive that breaks off usually means that the command in the guest failed.
    var exitCode = execution.await(java.time.Duration.ofSeconds(1));
    if (exitCode.isPresent() && exitCode.get() != 0) {
      said.awaitEnd(1000);
      return new MachineException(
          ErrorCode.COPY, attempted, GuestWords.of(exitCode.get(), execution, said.tail()));
    }
    return new MachineException(ErrorCode.COPY, attempted, otherwise);
  }
}
