package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where sockets are. The directory may be in {@code /tmp}, where anybody could have made one of
 * that name before us: it is used only if it is a directory of ours that nobody else can write to.
 */
final class RuntimeDirectory {
  /** The longest path of a socket, {@code sun_path} less its end. */
  private static final int LONGEST = 107;

  private RuntimeDirectory() {}

  /** Makes {@code directory}, new, in {@code runtime}. */
  static void make(Path runtime, Path directory) throws IOException {
    if (directory.resolve("p16").toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length
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
