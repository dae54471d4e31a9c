package dev.carafe.machine.channel;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Copies a file or a tree of the host into a guest. Walks it once, directories first, with one
 * {@code lstat} for each file; keeps in memory the open directories from the top to where it is,
 * and the names of files with several links. Symbolic links are copied as links, save the copied
 * thing itself, which is followed; sockets are left out. The first thing that cannot be read ends
 * the copy, with its name.
 */
final class CopyIn {
  private static final int MAX_DEPTH = 1_000;
  private static final Set<OpenOption> READ =
      Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  private static final byte[] NONE = new byte[0];

  private final String attempted;
  private final boolean keepOwner;
  private final Predicate<Path> takes;
  private Path top;
  private final EntryWriter out;
  private final ArrayDeque<Level> levels = new ArrayDeque<>();
  private final Map<FileKey, byte[]> links = new HashMap<>();

  /** A directory whose entries are being sent. */
  private record Level(
      Path directory, byte[] path, DirectoryStream<Path> stream, Iterator<Path> entries) {}

  private CopyIn(String attempted, CopyOptions options, EntryWriter.Sink to) {
    this.attempted = attempted;
    this.keepOwner = options.keepOwner();
    this.takes = options.takes();
    this.out = new EntryWriter(to);
  }

  static void run(Channel channel, Path host, String guest, CopyOptions options) {
    String attempted = "copy '" + host + "' to '" + guest + "' in the guest";
    Request request = new Request(Protocol.PUT, attempted);
    request.bytes(1, HostFiles.guestPath(attempted, guest));
    if (options.intoDirectory()) {
      request.bytes(2, baseName(attempted, host));
    }
    if (options.uid().isPresent() || options.gid().isPresent()) {
      request.u32s(3, options.uid().orElse(0), options.gid().orElse(0));
    }
    if (options.mode().isPresent()) {
      request.u32(4, options.mode().getAsInt());
    }
    // Looked at first, so that a name with nothing behind it touches nothing in the guest.
    Path source;
    HostFiles.Status status;
    try {
      source = Files.isSymbolicLink(host) ? host.toRealPath() : host;
      status = HostFiles.status(source);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.COPY, attempted, HostFiles.said(e), e);
    }
    Stream stream = channel.beginCopy(request, true, 0);
    try {
      EntryWriter.Sink sink = new ToStream(stream);
      new CopyIn(attempted, options, sink).send(source, status);
      Stream.Result result = stream.await();
      if (result.kind() != Protocol.DONE) {
        throw Channel.unsuccessful(ErrorCode.COPY, attempted, result);
      }
    } catch (IOException e) {
      throw failure(attempted, stream, e);
    } catch (DirectoryIteratorException e) {
      throw failure(attempted, stream, e.getCause());
    } finally {
      stream.cancel();
    }
  }

  private static byte[] baseName(String attempted, Path host) {
    Path name = host.toAbsolutePath().normalize().getFileName();
    if (name == null) {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "'/' has no name that the copy could get");
    }
    return Names.bytes(name);
  }

  /** The guest's word for it comes first: when it has refused, what failed here is only that. */
  static MachineException failure(String attempted, Stream stream, IOException e) {
    Stream.Result result = stream.result();
    if (result != null && result.kind() != Protocol.DONE) {
      return Channel.unsuccessful(ErrorCode.COPY, attempted, result);
    }
    if (e.getCause() instanceof MachineException known) {
      return known;
    }
    if (e instanceof Violation) {
      return new MachineException(ErrorCode.GUEST, attempted, "the guest " + e.getMessage(), e);
    }
    return new MachineException(ErrorCode.COPY, attempted, HostFiles.said(e), e);
  }

  private record ToStream(Stream stream) implements EntryWriter.Sink {
    @Override
    public void send(ByteBuffer piece, boolean last) throws IOException {
      stream.write(piece, last);
    }
  }

  private void send(Path copied, HostFiles.Status status) throws IOException {
    top = copied;
    try {
      send(top, status, NONE);
      while (!levels.isEmpty()) {
        Level level = levels.getLast();
        if (level.entries().hasNext()) {
          Path next = level.entries().next();
          if (takes.test(top.relativize(next))) {
            send(next, HostFiles.status(next), child(level.path(), next));
          }
        } else {
          levels.removeLast().stream().close();
        }
      }
      out.finish();
    } finally {
      for (Level level : levels) {
        level.stream().close();
      }
    }
  }

  private byte[] child(byte[] parent, Path child) {
    byte[] name = Names.bytes(child.getFileName());
    if (parent.length == 0) {
      return name;
    }
    byte[] path = new byte[parent.length + 1 + name.length];
    if (path.length > Protocol.MAX_PATH) {
      throw refused(child, "its path is too long for a copy");
    }
    System.arraycopy(parent, 0, path, 0, parent.length);
    path[parent.length] = '/';
    System.arraycopy(name, 0, path, parent.length + 1, name.length);
    return path;
  }

  private void send(Path file, HostFiles.Status status, byte[] path) throws IOException {
    switch (status.type()) {
      case HostFiles.REGULAR -> sendFile(file, status, path);
      case HostFiles.DIRECTORY -> sendDirectory(file, status, path);
      case HostFiles.SYMBOLIC_LINK -> {
        byte[] target = Names.bytes(Files.readSymbolicLink(file));
        if (target.length == 0 || target.length > Protocol.MAX_PATH) {
          throw refused(file, "the link's text is too long for a copy");
        }
        out.entry(entry(Entry.SYMBOLIC_LINK, status, path, target));
      }
      case HostFiles.SOCKET -> {
        if (path.length == 0) {
          throw refused(file, "it is a socket");
        }
      }
      default -> throw refused(file, "it is a device or a named pipe; only its host can use it");
    }
  }

  private void sendFile(Path file, HostFiles.Status status, byte[] path) throws IOException {
    if (status.links() > 1 && path.length > 0) {
      byte[] earlier = links.putIfAbsent(new FileKey(status.device(), status.inode()), path);
      if (earlier != null) {
        out.entry(entry(Entry.HARD_LINK, status, path, earlier));
        return;
      }
    }
    try (FileChannel content = FileChannel.open(file, READ)) {
      out.entry(entry(Entry.FILE, status, path, NONE));
      out.content(content, file);
    }
  }

  private void sendDirectory(Path directory, HostFiles.Status status, byte[] path)
      throws IOException {
    if (levels.size() >= MAX_DEPTH) {
      throw refused(directory, "it is more than " + MAX_DEPTH + " directories deep");
    }
    DirectoryStream<Path> stream = Files.newDirectoryStream(directory);
    levels.add(new Level(directory, path, stream, stream.iterator()));
    out.entry(entry(Entry.DIRECTORY, status, path, NONE));
  }

  private Entry entry(int kind, HostFiles.Status of, byte[] path, byte[] target) {
    Instant modified = of.modified().toInstant();
    return new Entry(
        kind,
        of.mode() & Entry.MAX_MODE,
        keepOwner ? of.uid() : 0,
        keepOwner ? of.gid() : 0,
        modified.getEpochSecond(),
        modified.getNano(),
        0,
        0,
        path,
        target);
  }

  private MachineException refused(Path file, String why) {
    return new MachineException(
        ErrorCode.COPY, attempted, "'" + file + "' cannot be copied: " + why);
  }

  /** Which file it is, whatever its name. Not a record: their methods cost a cold start time. */
  private static final class FileKey {
    private final long device;
    private final long inode;

    FileKey(long device, long inode) {
      this.device = device;
      this.inode = inode;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof FileKey key && key.device == device && key.inode == inode;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(inode * 31 + device);
    }
  }
}
