package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where sockets are. The directory may be in {@code /tmp}, where anybody could have made one of
 * that name before us: it is used only if it is a directory of ours that nobody else can write to.
 *
 * <p>QEMU makes its sockets in a directory inside a machine's, and that is all it can see. Before
 * any guest runs, the sockets are moved up, out of its reach, and its directory is removed: a QEMU
 * that its guest takes over later can neither put a link where the host looks for a socket, nor
 * make files.
 */
final class RuntimeDirectory {
  /** The longest path of a socket, {@code sun_path} less its end. */
  private static final int LONGEST = 107;

  /** The longest name of a socket in a machine's directory. */
  private static final String LONGEST_NAME = "save";

  private RuntimeDirectory() {}

  /** Where QEMU makes its sockets, until they are taken from there. */
  static Path nursery(Path directory) {
    return directory.resolve("q");
  }

  /** Moves a socket to where the host uses it; false when QEMU has not made it yet. */
  static boolean take(Path directory, String name) throws IOException {
    try {
      Files.move(nursery(directory).resolve(name), directory.resolve(name));
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Takes QEMU's directory away: from here on it can make nothing in it. */
  static void closeNursery(Path directory) throws IOException {
    Files.delete(nursery(directory));
  }

  /** Makes {@code directory}, new, in {@code runtime}, with a nursery. */
  static void make(Path runtime, Path directory) throws IOException {
    if (directory
            .resolve(LONGEST_NAME)
            .toString()
            .getBytes(java.nio.charset.StandardCharsets.UTF_8)
            .length
        > LONGEST) {
      throw new MachineException(
          ErrorCode.HOST,
          "use " + runtime + " for sockets",
          "the path is too long; set XDG_RUNTIME_DIR to a shorter one");
    }
    try {
      Storage.privateDirectory(runtime);
    } catch (FileAlreadyExistsException e) {
      check(runtime);
    }
    Storage.privateDirectory(directory);
    Storage.privateDirectory(nursery(directory));
  }

  private static void check(Path runtime) throws IOException {
    Map<String, Object> found =
        Files.readAttributes(runtime, "unix:uid,mode,isDirectory", LinkOption.NOFOLLOW_LINKS);
    Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    boolean writable = ((int) found.get("mode") & 022) != 0;
    if (!Boolean.TRUE.equals(found.get("isDirectory"))
        || !found.get("uid").equals(self)
        || writable) {
      throw new MachineException(
          ErrorCode.HOST,
          "use " + runtime + " for sockets",
          "it belongs to someone else or others can write to it; remove it, or set XDG_RUNTIME_DIR");
    }
  }
}
