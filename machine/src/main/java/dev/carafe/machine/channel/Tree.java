package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/**
 * Lets a copy that a guest sends grow at a place where nothing was before and nobody else writes.
 *
 * <p>Nothing is ever written elsewhere: a name is only ever made in a directory that this copy has
 * made itself, which {@link Folder} remembers and no symbolic link can stand in for; whatever is
 * made must not have been there; and a hard link leads only to a regular file found in such a
 * directory. Devices and pipes are left out. Directories keep private permissions until {@link
 * Folder#settle}. Memory is bounded by what all directories together may take.
 */
final class Tree {
  private static final int FOLDER_MEMORY = 256;

  private static final Set<OpenOption> NEW =
      Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW, LinkOption.NOFOLLOW_LINKS);
  private static final FileAttribute<?> PRIVATE_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> PRIVATE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /**
   * How much of it there may be.
   *
   * @param depth of directories in one another
   * @param entries in all
   * @param bytes of all files' data, holes not counted
   * @param memory for all directories, in bytes, roughly
   */
  record Bounds(int depth, long entries, long bytes, long memory) {
    static Bounds ofData(long bytes) {
      return new Bounds(1_000, 10_000_000, bytes, 64L << 20);
    }
  }

  private final Bounds bounds;
  private final Path top;
  private final Attributes attributes;
  private final EntryReader in;

  private Entry first;
  private Folder root;
  private Folder folder;
  private Path folderPath;
  private byte[] folderName;
  private long entries;
  private long bytes;
  private long memory;
  private long broken;
  private String firstBroken;

  /**
   * @param top where the copied thing itself is to be; there must be nothing
   */
  Tree(Path top, Attributes attributes, EntryReader in, Bounds bounds) {
    this.bounds = bounds;
    this.top = top;
    this.attributes = attributes;
    this.in = in;
  }

  /** Takes in the whole copy. */
  void grow() throws IOException {
    Entry entry = in.next();
    first = entry;
    if (entry.kind() == Entry.DIRECTORY) {
      Files.createDirectory(top, PRIVATE_DIRECTORY);
      root = new Folder(null, new byte[0], entry);
      enter(root, new byte[0]);
    } else if (entry.kind() == Entry.FILE) {
      file(top, entry);
    }
    for (entry = in.next(); entry != null; entry = in.next()) {
      if (++entries > bounds.entries()) {
        throw new Violation("sent more than " + bounds.entries() + " files");
      }
      add(entry);
    }
    in.finish();
  }

  /** The copied thing's own entry. */
  Entry first() {
    return first;
  }

  /** The copied directory; null when it is something else. */
  Folder root() {
    return root;
  }

  /** How many files the guest could not read to their end. */
  long broken() {
    return broken;
  }

  /** The first of them, fit to be shown. */
  String firstBroken() {
    return firstBroken;
  }

  private void add(Entry entry) throws IOException {
    byte[] path = entry.path();
    Path at = resolve(path);
    try {
      switch (entry.kind()) {
        case Entry.FILE -> file(at, entry);
        case Entry.DIRECTORY -> {
          byte[] name = Arrays.copyOfRange(path, nameStart(path), path.length);
          checkDepth(path);
          memory += FOLDER_MEMORY + name.length;
          if (memory > bounds.memory()) {
            throw new Violation("sent more directories than fit into a copy");
          }
          Files.createDirectory(at, PRIVATE_DIRECTORY);
          Folder made = new Folder(folder, name, entry);
          enter(made, path);
        }
        case Entry.SYMBOLIC_LINK -> {
          Files.createSymbolicLink(at, Names.path(entry.target()));
          attributes.apply(at, entry);
        }
        case Entry.HARD_LINK -> hardLink(at, entry);
        default -> {
          // A device or a pipe: of no use here, and a danger when this is done as root.
        }
      }
    } catch (FileAlreadyExistsException e) {
      throw new Violation("sent '" + Names.shown(path) + "' twice");
    }
  }

  private void checkDepth(byte[] path) throws Violation {
    int depth = 1;
    for (byte b : path) {
      if (b == '/' && ++depth > bounds.depth()) {
        throw new Violation("sent directories more than " + bounds.depth() + " deep");
      }
    }
  }

  /** Where an entry belongs, in a directory of this copy; makes that the current one. */
  private Path resolve(byte[] path) throws IOException {
    int start = nameStart(path);
    int length = Math.max(0, start - 1);
    if (folder == null) {
      throw new Violation("sent '" + Names.shown(path) + "' inside what is no directory");
    }
    if (!Arrays.equals(path, 0, length, folderName, 0, folderName.length)) {
      enter(find(path, length), Arrays.copyOf(path, length));
    }
    return folderPath.resolve(Names.path(Arrays.copyOfRange(path, start, path.length)));
  }

  /** The directory whose path is the first {@code length} bytes. */
  private Folder find(byte[] path, int length) throws IOException {
    Folder at = root;
    for (int start = 0; start < length; ) {
      int end = start;
      while (end < length && path[end] != '/') {
        end++;
      }
      at = at.child(Folder.key(Arrays.copyOfRange(path, start, end)));
      if (at == null) {
        throw new Violation("sent '" + Names.shown(path) + "' before its directory");
      }
      start = end + 1;
    }
    return at;
  }

  private void enter(Folder entered, byte[] path) {
    folder = entered;
    folderName = path;
    folderPath = place(path);
  }

  private Path place(byte[] path) {
    return path.length == 0 ? top : top.resolve(Names.path(path));
  }

  private static int nameStart(byte[] path) {
    int start = path.length;
    while (start > 0 && path[start - 1] != '/') {
      start--;
    }
    return start;
  }

  private void file(Path at, Entry entry) throws IOException {
    long size;
    try (FileChannel file = FileChannel.open(at, NEW, PRIVATE_FILE)) {
      long end = 0;
      while (in.chunk()) {
        long position = in.position();
        for (ByteBuffer data = in.data(); data != null; data = in.data()) {
          bytes += data.remaining();
          if (bytes > bounds.bytes()) {
            throw new Violation(
                "sent more than " + bounds.bytes() + " bytes, which is all that may be copied");
          }
          while (data.hasRemaining()) {
            position += file.write(data, position);
          }
        }
        end = position;
      }
      size = in.size();
      if (size > end) {
        // A hole at the end: the last byte gives the file its length.
        file.write(ByteBuffer.allocate(1), size - 1);
      }
    }
    if (size < 0) {
      Files.delete(at);
      if (broken++ == 0) {
        firstBroken = Names.shown(entry.path());
      }
    } else {
      attributes.apply(at, entry);
    }
  }

  private void hardLink(Path at, Entry entry) throws IOException {
    byte[] target = entry.target();
    int start = nameStart(target);
    // Only that it is there: then no symbolic link stands between it and the top.
    find(target, Math.max(0, start - 1));
    Path file = place(target);
    HostFiles.Status status = HostFiles.statusIfThere(file);
    if (status == null && broken > 0) {
      // It may be one of those that were dropped; the copy fails in the end anyway.
      return;
    }
    if (status == null || status.type() != HostFiles.REGULAR) {
      throw new Violation(
          "sent a hard link '" + Names.shown(entry.path()) + "' to what is no file of the copy");
    }
    Files.createLink(at, file);
  }
}
