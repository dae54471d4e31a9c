package dev.carafe.machine.channel;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.Arrays;

/**
 * Copies a file or a tree out of a guest, all of it or nothing. It grows in a private directory
 * beside its place ({@link Staging}, {@link Tree}) and is then moved: by one rename where nothing
 * was, or file by file into a directory that was there ({@link Merge}). Not synced to disk, as with
 * any other copy: a power cut may lose it, a killed process cannot halve it.
 *
 * <p>What stands at the destination is never followed if it is a symbolic link, as an earlier copy
 * out of the same guest may have put it there.
 */
final class CopyOut {
  private final String attempted;
  private final Path host;
  private final CopyOptions options;

  private CopyOut(String attempted, Path host, CopyOptions options) {
    this.attempted = attempted;
    this.host = host;
    this.options = options;
  }

  static void run(Channel channel, String guest, Path host, CopyOptions options) {
    String attempted = "copy '" + guest + "' in the guest to '" + host + "'";
    Request request = new Request(Protocol.GET, attempted);
    byte[] path = HostFiles.guestPath(attempted, guest);
    request.bytes(1, path).u8(5, 1);
    try {
      Path target = host;
      if (options.intoDirectory() && isDirectory(attempted, host)) {
        target = host.resolve(baseName(attempted, path));
      }
      boolean merge = isDirectory(attempted, target);
      Path beside = merge ? target : target.toAbsolutePath().getParent();
      if (beside == null || target.getFileName() == null) {
        throw new MachineException(ErrorCode.INVALID, attempted, "'/' cannot be the copy's name");
      }
      new CopyOut(attempted, target, options).run(channel, request, beside, merge);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.COPY, attempted, HostFiles.said(e), e);
    } catch (DirectoryIteratorException e) {
      throw new MachineException(ErrorCode.COPY, attempted, HostFiles.said(e.getCause()), e);
    }
  }

  private static boolean isDirectory(String attempted, Path path) throws IOException {
    HostFiles.Status status = HostFiles.statusIfThere(path);
    if (status != null && status.type() == HostFiles.SYMBOLIC_LINK && Files.isDirectory(path)) {
      throw new MachineException(
          ErrorCode.COPY,
          attempted,
          "'"
              + path
              + "' is a symbolic link to a directory, which a copy out of a guest does not follow;"
              + " name the directory itself");
    }
    return status != null && status.type() == HostFiles.DIRECTORY;
  }

  private static Path baseName(String attempted, byte[] path) {
    int end = path.length;
    while (end > 0 && path[end - 1] == '/') {
      end--;
    }
    int start = end;
    while (start > 0 && path[start - 1] != '/') {
      start--;
    }
    byte[] name = Arrays.copyOfRange(path, start, end);
    boolean dots =
        name.length <= 2 && (name.length == 0 || name[0] == '.' && name[name.length - 1] == '.');
    if (dots) {
      throw new MachineException(
          ErrorCode.INVALID,
          attempted,
          "the guest path does not end in a name that the copy could get");
    }
    return Names.path(name);
  }

  private void run(Channel channel, Request request, Path beside, boolean merge)
      throws IOException {
    try (Staging staging = Staging.in(beside, InstantSource.system())) {
      Attributes attributes = new Attributes(options.keepOwner() && staging.byRoot());
      Stream stream = channel.beginCopy(request, false, 1 << Protocol.OUTPUT);
      Tree tree =
          new Tree(
              staging.tree(),
              attributes,
              new EntryReader(new FromStream(stream)),
              Tree.Bounds.ofData(options.mostBytes()));
      try {
        receive(stream, tree);
      } catch (IOException e) {
        throw failure(stream, staging.tree(), e);
      } finally {
        stream.cancel();
      }
      publish(tree, staging.tree(), attributes, merge);
    }
  }

  /** The file that could not be made is known to people by the name it was to get. */
  private MachineException failure(Stream stream, Path grown, IOException e) {
    MachineException failure = CopyIn.failure(attempted, stream, e);
    String said = failure.said().replace(grown.toString(), host.toString());
    return new MachineException(failure.code(), attempted, said, e);
  }

  private record FromStream(Stream stream) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer to) throws IOException {
      return stream.read(Protocol.OUTPUT, to);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private void receive(Stream stream, Tree tree) throws IOException {
    try {
      tree.grow();
    } catch (EOFException e) {
      // Either the guest says what went wrong, or it has broken off a copy that it calls complete.
      expectDone(stream);
      throw new Violation("ended the copy before it was complete");
    }
    expectDone(stream);
    if (tree.broken() > 0) {
      throw new MachineException(
          ErrorCode.COPY,
          attempted,
          "the guest could not read "
              + tree.broken()
              + (tree.broken() == 1 ? " file" : " files")
              + " to the end, first '"
              + tree.firstBroken()
              + "'; nothing was copied");
    }
    int kind = tree.first().kind();
    if (kind != Entry.FILE && kind != Entry.DIRECTORY) {
      throw new MachineException(
          ErrorCode.COPY,
          attempted,
          kind == Entry.SYMBOLIC_LINK
              ? "it is a symbolic link that leads nowhere"
              : "it is a device or a named pipe");
    }
  }

  private void expectDone(Stream stream) {
    Stream.Result result = stream.await();
    if (result.kind() != Protocol.DONE) {
      throw Channel.unsuccessful(ErrorCode.COPY, attempted, result);
    }
  }

  private void publish(Tree tree, Path grown, Attributes attributes, boolean merge)
      throws IOException {
    if (tree.root() == null) {
      if (merge) {
        throw new FileSystemException(host.toString(), null, "is a directory, and the copy a file");
      }
      Files.move(grown, host, StandardCopyOption.ATOMIC_MOVE);
    } else if (merge) {
      Merge.into(grown, tree.root(), host, attributes);
    } else {
      HostFiles.Status there = HostFiles.statusIfThere(host);
      if (there != null) {
        throw new FileSystemException(
            host.toString(), null, "is no directory, and the copy is one");
      }
      tree.root().settleBelow(grown, attributes);
      Files.move(grown, host, StandardCopyOption.ATOMIC_MOVE);
      tree.root().settle(host, attributes);
    }
  }
}
