package dev.carafe.machine.smolvm;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarPath;
import dev.carafe.image.tar.TarReader;
import dev.carafe.machine.CopyOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Writes what a guest sends as a tar to one place on the host, and nowhere else. Every step above a
 * file must be a real directory, never a link, whoever made it; hard links may only name what is
 * inside; devices are left out, set-id bits dropped. Each file is written beside its place and
 * renamed. How much may come is limited.
 */
final class Unpacking {
  private static final int MAX_DIRECTORIES = 1_000_000;
  private static final int MAX_ENTRIES = 8_000_000;

  private final Path destination;
  private final CopyOptions options;
  private final long mostBytes;
  private long written;
  private final List<Finish> directories = new ArrayList<>();

  /** What a directory gets last: with its own mode we might not be able to write into it. */
  private record Finish(Path path, TarEntry entry) {}

  Unpacking(Path destination, CopyOptions options, long mostBytes) {
    this.destination = destination;
    this.options = options;
    this.mostBytes = mostBytes;
  }

  /** Returns false if nothing came at all. */
  boolean read(InputStream stream) throws IOException {
    PushbackInputStream in = new PushbackInputStream(stream);
    int first = in.read();
    if (first < 0) {
      return false;
    }
    in.unread(first);
    TarReader tar = new TarReader(in);
    boolean tree = false;
    int entries = 0;
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      if (entries == MAX_ENTRIES) {
        throw new BadArchiveException("it has more than " + MAX_ENTRIES + " entries");
      }
      List<String> path = steps(entry.name());
      if (entries++ == 0) {
        tree = path.isEmpty();
        if (destination.getParent() != null) {
          Files.createDirectories(destination.getParent());
        }
      } else if (!tree) {
        throw new BadArchiveException("more than one file came");
      }
      write(entry, tree ? path : List.of(), tree, tar.contents());
    }
    if (!tar.sawEndMark()) {
      throw new BadArchiveException("the archive ends before its end");
    }
    for (Finish directory : directories.reversed()) {
      attributes(directory.path(), directory.entry());
    }
    in.transferTo(OutputStream.nullOutputStream());
    return entries > 0;
  }

  private void write(TarEntry entry, List<String> steps, boolean tree, InputStream content)
      throws IOException {
    Path target = inside(steps);
    switch (entry.type()) {
      case DIRECTORY -> {
        directory(target);
        if (directories.size() >= MAX_DIRECTORIES) {
          throw new BadArchiveException("it has more than " + MAX_DIRECTORIES + " directories");
        }
        directories.add(new Finish(target, entry));
      }
      case FILE -> {
        Path temporary = beside(target);
        try {
          try (OutputStream out =
              Files.newOutputStream(
                  temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            copy(content, out);
          }
          attributes(temporary, entry);
          replace(temporary, target);
        } finally {
          Files.deleteIfExists(temporary);
        }
      }
      case SYMBOLIC_LINK -> {
        Path temporary = beside(target);
        try {
          // Whatever it points to: it is never followed here.
          Files.createSymbolicLink(temporary, target.getFileSystem().getPath(text(entry.link())));
          owner(temporary, entry);
          replace(temporary, target);
        } catch (java.nio.file.InvalidPathException e) {
          throw new BadArchiveException("a link's target is not a path");
        } finally {
          Files.deleteIfExists(temporary);
        }
      }
      case HARD_LINK -> {
        if (!tree) {
          throw new BadArchiveException("a link to another file came");
        }
        Path existing = inside(steps(entry.link()));
        if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
          throw new BadArchiveException(
              "the link " + TarPath.shown(entry.name()) + " names no file that came before");
        }
        Path temporary = beside(target);
        try {
          Files.createLink(temporary, existing);
          replace(temporary, target);
        } finally {
          Files.deleteIfExists(temporary);
        }
      }
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> {
        // A device or a pipe of the guest means nothing here, and could mean harm.
      }
    }
  }

  /** The steps of a path that stays where it is put. */
  private static List<String> steps(String name) throws BadArchiveException {
    List<String> steps = new ArrayList<>();
    for (String component : TarPath.relative(name)) {
      steps.add(text(component));
    }
    return steps;
  }

  /** An archive's bytes as the text that Java makes a path of; it cannot name every file. */
  private static String text(String bytes) throws BadArchiveException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new BadArchiveException("the name " + TarPath.shown(bytes) + " is not UTF-8", e);
    }
  }

  /** The place for these steps, all of whose directories exist and are no links. */
  private Path inside(List<String> steps) throws IOException {
    Path at = destination;
    for (String step : steps) {
      directory(at);
      try {
        at = at.resolve(step);
      } catch (java.nio.file.InvalidPathException e) {
        throw new BadArchiveException("a name is not possible here");
      }
    }
    return at;
  }

  private void directory(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      // Nobody else looks in before its own mode is set at the end.
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      throw new IOException("'" + path + "' is in the way: it is no directory", e);
    }
  }

  private static Path beside(Path target) {
    return target.resolveSibling(".carafe-" + UUID.randomUUID());
  }

  private static void replace(Path temporary, Path target) throws IOException {
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("'" + target + "' is in the way: it is a directory");
    }
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private void copy(InputStream content, OutputStream out) throws IOException {
    byte[] buffer = new byte[1 << 16];
    int read;
    while ((read = content.read(buffer)) >= 0) {
      written += read;
      if (written > mostBytes) {
        throw new BadArchiveException("it is larger than the machine's disks");
      }
      out.write(buffer, 0, read);
    }
  }

  private void attributes(Path path, TarEntry entry) throws IOException {
    owner(path, entry);
    int mode =
        entry.type() == Type.FILE && options.mode().isPresent()
            ? options.mode().getAsInt()
            : entry.mode();
    Files.setPosixFilePermissions(path, permissions(mode));
    Files.setLastModifiedTime(path, FileTime.from(entry.mtime(), TimeUnit.SECONDS));
  }

  private void owner(Path path, TarEntry entry) throws IOException {
    if (!options.keepOwner()) {
      return;
    }
    if (entry.uid() == 0xffff_ffffL || entry.gid() == 0xffff_ffffL) {
      // For the kernel this is "do not change".
      throw new BadArchiveException("an owner is out of range");
    }
    Files.setAttribute(path, "unix:uid", (int) entry.uid(), LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(path, "unix:gid", (int) entry.gid(), LinkOption.NOFOLLOW_LINKS);
  }

  /** The nine ordinary bits; set-id and sticky are dropped. */
  private static Set<PosixFilePermission> permissions(int mode) {
    // In the order of the bits, from the highest.
    PosixFilePermission[] bits = PosixFilePermission.values();
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    for (int i = 0; i < bits.length; i++) {
      if ((mode & 0400 >> i) != 0) {
        permissions.add(bits[i]);
      }
    }
    return permissions;
  }
}
