package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Puts files of a user's into a guest. */
public final class GuestFiles {
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private static final FileAttribute<?> PRIVATE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private GuestFiles() {}

  /**
   * Puts a file into place, at once, or replaces it. Directories above it that are missing are the
   * user's, too. The content travels by the machine's copy, never on an argument list. Blocks.
   *
   * @param path absolute, in a place where the user may make directories
   * @param mode permission bits, as {@code 0600}
   * @throws dev.carafe.machine.MachineException when that is not possible
   */
  public static void put(Machine machine, GuestUser user, String path, byte[] content, int mode) {
    parents(machine, user, path);
    replace(machine, user, path, content, mode);
  }

  /** The same where the directory is there already. */
  static void replace(Machine machine, GuestUser user, String path, byte[] content, int mode) {
    Path file = null;
    try {
      // What a killed process leaves there goes away with the machine's run.
      file = Files.createTempFile(machine.sockets(), "file", "", PRIVATE);
      Files.write(file, content);
      machine.copyIn(
          file, path, CopyOptions.DEFAULT.withOwner(user.uid(), user.gid()).withMode(mode));
    } catch (IOException e) {
      throw new BottleException(
          "the file " + path + " cannot be made: no temporary file (" + e.getMessage() + ")", e);
    } finally {
      delete(file);
    }
  }

  /**
   * Puts a file into a directory of its own in the user's home, both for the user only. One copy
   * does that, where a command that makes the directory costs an emulated guest a tenth of a
   * second.
   */
  static void putAlone(Machine machine, GuestUser user, String path, byte[] content) {
    int slash = path.lastIndexOf('/');
    Path directory = null;
    try {
      // What a killed process leaves there goes away with the machine's run.
      directory = Files.createTempDirectory(machine.sockets(), "dir", PRIVATE_DIRECTORY);
      Files.write(directory.resolve(path.substring(slash + 1)), content);
      machine.copyIn(
          directory,
          path.substring(0, slash),
          CopyOptions.DEFAULT.withOwner(user.uid(), user.gid()).withMode(0600));
    } catch (IOException e) {
      throw new BottleException(
          "the file " + path + " cannot be made: no temporary file (" + e.getMessage() + ")", e);
    } finally {
      Scratch.remove(directory);
    }
  }

  /** Makes the directories above a path, as the user; a home directory is there already. */
  static void parents(Machine machine, GuestUser user, String path) {
    String directory = path.substring(0, Math.max(1, path.lastIndexOf('/')));
    if (!directory.equals(user.home())) {
      GuestCommands.run(
          machine,
          user.name(),
          "make the directory of '" + path + "' in machine '" + machine.name() + "'",
          "[ -d \"$1\" ] || { umask 077; exec mkdir -p -- \"$1\"; }",
          List.of(directory));
    }
  }

  private static void delete(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // It holds nothing secret, and the directory for temporary files is swept by others.
    }
  }
}
