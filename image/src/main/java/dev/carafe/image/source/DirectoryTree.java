package dev.carafe.image.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A root filesystem in a directory, as a tar. GNU tar reads it, because Java cannot see devices or
 * extended attributes; every Debian has it.
 */
final class DirectoryTree {
  private DirectoryTree() {}

  /**
   * Opens the tar. What belongs to the caller, who is not root, belongs to root in the image:
   * without root nobody can make a tree that says so itself.
   */
  static InputStream open(Path directory, Path scratch) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "tar",
                "--create",
                "--format=posix",
                "--pax-option=delete=atime,delete=ctime",
                "--sort=name",
                "--sparse",
                "--numeric-owner",
                "--one-file-system",
                "--xattrs",
                "--xattrs-include=*"));
    int uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int gid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
    if (uid != 0) {
      Path users = Path.of(scratch + ".users");
      Path groups = Path.of(scratch + ".groups");
      Files.write(users, ("+" + uid + " root:0\n").getBytes(StandardCharsets.UTF_8));
      Files.write(groups, ("+" + gid + " root:0\n").getBytes(StandardCharsets.UTF_8));
      command.add("--owner-map=" + users);
      command.add("--group-map=" + groups);
    }
    command.addAll(List.of("--directory", directory.toString(), "."));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LC_ALL", "C");
    ToolStream stream = ToolStream.start(builder, "install tar", line -> {});
    stream.input().close();
    return stream;
  }
}
