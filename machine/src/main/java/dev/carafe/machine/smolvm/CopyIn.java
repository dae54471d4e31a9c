package dev.carafe.machine.smolvm;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Copies a file or a tree into a guest, as a tar that is written to a command there. */
final class CopyIn {
  /**
   * Arguments: the destination, the last name of the source, whether to copy into an existing
   * directory, whether a tree comes, and a tag. A single thing is unpacked beside its destination
   * and renamed, so that it appears whole, with its mode, or not at all.
   */
  private static final String SCRIPT =
      """
      set -e
      dest=$1
      if [ "$3" = into ] && [ -d "$dest" ]; then dest=${dest%/}/$2; fi
      if [ "$4" = tree ]; then
        mkdir -p -- "$dest"
        exec tar -x -p -f - -C "$dest"
      fi
      if [ -d "$dest" ]; then echo "'$dest' is a directory" >&2; exit 1; fi
      parent=$(dirname -- "$dest")
      mkdir -p -- "$parent"
      work=$parent/.carafe-$5
      mkdir -- "$work"
      trap 'rm -rf -- "$work"' EXIT
      tar -x -p -f - -C "$work"
      mv -f -- "$work/item" "$dest"
      """;

  private final String machine;
  private final Function<ExecSpec, Execution> runner;

  CopyIn(String machine, Function<ExecSpec, Execution> runner) {
    this.machine = machine;
    this.runner = runner;
  }

  void copy(Path host, String guest, CopyOptions options) {
    String attempted = "copy '" + host + "' to '" + machine + ":" + guest + "'";
    if (!guest.startsWith("/") || guest.indexOf('\0') >= 0) {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "the path in the guest must be absolute");
    }
    if (!Files.exists(host, LinkOption.NOFOLLOW_LINKS)) {
      throw new MachineException(ErrorCode.COPY, attempted, "there is no '" + host + "'");
    }
    boolean tree = Files.isDirectory(host, LinkOption.NOFOLLOW_LINKS);
    ExecSpec command =
        ExecSpec.of(
                List.of(
                    "/bin/sh",
                    "-c",
                    SCRIPT,
                    "sh",
                    guest,
                    host.toAbsolutePath().normalize().getFileName().toString(),
                    options.intoDirectory() ? "into" : "as",
                    tree ? "tree" : "item",
                    UUID.randomUUID().toString()))
            .withInput();
    try (Execution execution = runner.apply(command)) {
      // Both outputs are emptied while we write, so that nothing waits for anything.
      Lane said = Lane.of(execution.stderr(), "copy-stderr");
      said.lift();
      Lane noise = Lane.of(execution.stdout(), "copy-stdout");
      noise.close();
      IOException broken = null;
      try {
        new TarOfTree(options, host).write(execution.stdin());
        execution.stdin().close();
      } catch (HostFileException e) {
        // Without an end of input, lest the guest takes a part for the whole.
        throw new MachineException(ErrorCode.COPY, attempted, e.getMessage(), e);
      } catch (IOException e) {
        // The guest stopped reading; its own words say why.
        broken = e;
      }
      int exitCode = execution.await();
      said.awaitEnd(1000);
      if (exitCode != 0) {
        throw new MachineException(
            ErrorCode.COPY, attempted, GuestWords.of(exitCode, execution, said.tail()), broken);
      }
      if (broken != null) {
        throw new MachineException(
            ErrorCode.LOST, attempted, "the connection to the guest broke off", broken);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }

  /** Something on the host could not be read. */
  private static final class HostFileException extends IOException {
    private static final long serialVersionUID = 1L;

    HostFileException(String what, IOException cause) {
      super(what, cause);
    }
  }

  /** A tree as a tar stream, in GNU's format, which busybox reads as well. */
  private static final class TarOfTree {
    private final CopyOptions options;
    private final Path root;
    private final Map<Object, String> linked = new HashMap<>();
    private final byte[] buffer = new byte[1 << 16];

    TarOfTree(CopyOptions options, Path root) {
      this.options = options;
      this.root = root;
    }

    void write(OutputStream out) throws IOException {
      TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
      if (Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
        Files.walkFileTree(
            root,
            new SimpleFileVisitor<>() {
              @Override
              public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes a)
                  throws IOException {
                Path below = root.relativize(path);
                if (!path.equals(root) && !options.takes().test(below)) {
                  return FileVisitResult.SKIP_SUBTREE;
                }
                add(tar, path, below.toString().isEmpty() ? "./" : below + "/");
                return FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult visitFile(Path path, BasicFileAttributes a)
                  throws IOException {
                if (options.takes().test(root.relativize(path))) {
                  add(tar, path, root.relativize(path).toString());
                }
                return FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
                throw unreadable(path, e);
              }
            });
      } else {
        add(tar, root, "item");
      }
      tar.finish();
      tar.flush();
    }

    private void add(TarArchiveOutputStream tar, Path path, String name) throws IOException {
      Map<String, Object> attributes;
      String target = "";
      try {
        attributes =
            Files.readAttributes(
                path,
                "unix:mode,uid,gid,nlink,dev,ino,size,lastModifiedTime,isDirectory,isRegularFile,isSymbolicLink",
                LinkOption.NOFOLLOW_LINKS);
        if ((boolean) attributes.get("isSymbolicLink")) {
          target = Files.readSymbolicLink(path).toString();
        }
      } catch (IOException e) {
        throw unreadable(path, e);
      }
      if (name.indexOf('\uFFFD') >= 0 || target.indexOf('\uFFFD') >= 0) {
        // Java has put this for what it cannot decode: the copy would get another name.
        throw new HostFileException(
            "'"
                + path
                + "' has a name that this process's locale cannot express; set"
                + " LC_ALL=C.UTF-8",
            null);
      }
      boolean file = (boolean) attributes.get("isRegularFile");
      TarArchiveEntry entry;
      if ((boolean) attributes.get("isSymbolicLink")) {
        entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK, true);
        entry.setLinkName(target);
      } else if (file && (int) attributes.get("nlink") > 1) {
        String first = linked.putIfAbsent(identity(attributes), name);
        byte type = first == null ? TarConstants.LF_NORMAL : TarConstants.LF_LINK;
        entry = new TarArchiveEntry(name, type, true);
        if (first != null) {
          entry.setLinkName(first);
          file = false;
        }
      } else if (file) {
        entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL, true);
      } else if ((boolean) attributes.get("isDirectory")) {
        entry = new TarArchiveEntry(name, TarConstants.LF_DIR, true);
      } else {
        // Devices, pipes and sockets of the host have no meaning in the guest.
        return;
      }
      boolean directory = entry.isDirectory();
      int mode = (int) attributes.get("mode") & 07777;
      entry.setMode(!directory && options.mode().isPresent() ? options.mode().getAsInt() : mode);
      entry.setUserId(owner(options.uid(), (int) attributes.get("uid")));
      entry.setGroupId(owner(options.gid(), (int) attributes.get("gid")));
      entry.setUserName("");
      entry.setGroupName("");
      var modified = (java.nio.file.attribute.FileTime) attributes.get("lastModifiedTime");
      // Whole seconds: fractions need a format that busybox does not read.
      entry.setModTime(
          java.nio.file.attribute.FileTime.from(
              modified.to(java.util.concurrent.TimeUnit.SECONDS),
              java.util.concurrent.TimeUnit.SECONDS));
      long size = file ? (long) attributes.get("size") : 0;
      entry.setSize(size);
      tar.putArchiveEntry(entry);
      if (file) {
        content(tar, path, size);
      }
      tar.closeArchiveEntry();
    }

    private long owner(java.util.OptionalInt wanted, int actual) {
      return wanted.isPresent()
          ? wanted.getAsInt()
          : options.keepOwner() ? Integer.toUnsignedLong(actual) : 0;
    }

    private static Object identity(Map<String, Object> attributes) {
      return List.of(attributes.get("dev"), attributes.get("ino"));
    }

    private void content(OutputStream out, Path path, long size) throws IOException {
      InputStream in;
      try {
        in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS);
      } catch (IOException e) {
        throw unreadable(path, e);
      }
      try (in) {
        long left = size;
        while (left > 0) {
          int read;
          try {
            read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
          } catch (IOException e) {
            throw unreadable(path, e);
          }
          if (read < 0) {
            throw new HostFileException("'" + path + "' became shorter while it was copied", null);
          }
          out.write(buffer, 0, read);
          left -= read;
        }
      }
    }

    private static HostFileException unreadable(Path path, IOException cause) {
      return new HostFileException("'" + path + "' cannot be read", cause);
    }
  }
}
