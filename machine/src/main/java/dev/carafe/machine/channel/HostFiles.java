package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/** What the two directions of a copy have in common: attributes, and words for what went wrong. */
final class HostFiles {
  private static final String WANTED = "unix:mode,ino,dev,nlink,uid,gid,lastModifiedTime";

  static final int TYPE = 0170000;
  static final int SOCKET = 0140000;
  static final int SYMBOLIC_LINK = 0120000;
  static final int REGULAR = 0100000;
  static final int DIRECTORY = 0040000;

  private HostFiles() {}

  /** What {@code lstat} says of a file. */
  record Status(int mode, long device, long inode, int links, int uid, int gid, FileTime modified) {
    int type() {
      return mode & TYPE;
    }
  }

  /** One {@code lstat}. */
  static Status status(Path path) throws IOException {
    Map<String, Object> all = Files.readAttributes(path, WANTED, LinkOption.NOFOLLOW_LINKS);
    return new Status(
        (Integer) all.get("mode"),
        (Long) all.get("dev"),
        (Long) all.get("ino"),
        (Integer) all.get("nlink"),
        (Integer) all.get("uid"),
        (Integer) all.get("gid"),
        (FileTime) all.get("lastModifiedTime"));
  }

  /** As {@link #status}; null when there is nothing of that name. */
  static Status statusIfThere(Path path) throws IOException {
    try {
      return status(path);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** What went wrong with a file of the host, for a person. */
  static String said(IOException e) {
    if (!(e instanceof FileSystemException failure)) {
      return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
    String why = failure.getReason();
    if (e instanceof NoSuchFileException) {
      why = "no such file or directory";
    } else if (e instanceof AccessDeniedException) {
      why = "permission denied";
    } else if (e instanceof FileAlreadyExistsException) {
      why = "exists already";
    } else if (e instanceof NotDirectoryException) {
      why = "not a directory";
    } else if (why == null) {
      why = "input/output error";
    }
    return failure.getFile() == null ? why : "'" + failure.getFile() + "': " + why;
  }

  /** A path in the guest as its bytes: absolute, within the protocol's length, without NUL. */
  static byte[] guestPath(String attempted, String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0 || bytes[0] != '/') {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "a path in the guest begins with a slash");
    }
    if (bytes.length > Protocol.MAX_PATH || path.indexOf('\0') >= 0) {
      throw new MachineException(
          ErrorCode.INVALID,
          attempted,
          "a path in the guest has at most " + Protocol.MAX_PATH + " bytes, none of them zero");
    }
    return bytes;
  }
}
