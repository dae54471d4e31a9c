package dev.carafe.image.layer;

import dev.carafe.image.Image;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Makes a squashfs from a stream of entries with {@code sqfstar}, which needs no root. */
public final class Squashfs {
  /** Writes the entries. */
  public interface Entries {
    void writeTo(TarWriter out) throws IOException;
  }

  private static final String MISSING =
      " cannot be run: install squashfs-tools (carafe setup does it)";

  /** What unshare, like a shell, ends with when there is no such program. */
  private static final int NOT_FOUND = 127;

  private final String tool;

  /**
   * @param tool the program, {@code "sqfstar"} or its path
   */
  public Squashfs(String tool) {
    this.tool = tool;
  }

  /**
   * Writes {@code file}, which must not exist: the squashfs, on disk for good, lengthened without
   * taking room to {@link Image#DISK_BYTES}, readable by all and writable by nobody. On failure the
   * file is gone.
   *
   * @param root for the root directory's mode. Its owner is always root and its time that of
   *     making: sqfstar 4.5.1 takes options for them and ignores them
   * @return the bytes that the squashfs takes
   */
  public long write(Path file, TarEntry root, Entries entries) throws IOException {
    boolean done = false;
    try {
      run(file, root, entries);
      long bytes = finish(file);
      done = true;
      return bytes;
    } finally {
      if (!done) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void run(Path file, TarEntry root, Entries entries) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(file, root));
    builder.environment().put("LC_ALL", "C");
    // With it set, no file could be younger.
    builder.environment().remove("SOURCE_DATE_EPOCH");
    Process process;
    try {
      process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      throw new IOException(tool + MISSING, e);
    }
    ToolOutput said = new ToolOutput(process.getErrorStream(), line -> {});
    IOException failure = null;
    try {
      try (OutputStream stdin = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
          TarWriter out = new TarWriter(stdin)) {
        entries.writeTo(out);
      } catch (IOException e) {
        failure = e;
      }
      if (failure instanceof BadArchiveException) {
        process.destroyForcibly(); // what it has is of no use, however it ends
      }
      int exit = process.waitFor();
      if (failure instanceof BadArchiveException) {
        throw failure;
      }
      if (exit == NOT_FOUND) {
        throw new IOException(tool + MISSING);
      }
      if (exit != 0) {
        // When sqfstar ends early, our own failure is only a broken pipe: its words say more.
        throw new IOException(tool + " failed: " + said.end(), failure);
      }
      if (failure != null) {
        throw failure;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while making the squashfs");
    } finally {
      process.destroyForcibly();
    }
  }

  private List<String> command(Path file, TarEntry root) {
    List<String> command = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      // It gives the image's root directory to whoever runs it, options or not: be root to it.
      command.addAll(List.of("unshare", "--user", "--map-root-user", "--"));
    }
    command.addAll(
        List.of(
            tool,
            "-comp",
            "lz4",
            "-no-progress",
            "-quiet",
            "-exit-on-error",
            "-mkfs-time",
            "0",
            // It ignores an entry for the root, and makes it 0777 unless told otherwise.
            "-root-mode",
            Integer.toOctalString(root.mode()),
            file.toString()));
    return command;
  }

  private static long finish(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long bytes = channel.size();
      if (bytes > Image.DISK_BYTES) {
        throw new BadArchiveException("its squashfs is larger than " + Image.DISK_BYTES + " bytes");
      }
      if (bytes < Image.DISK_BYTES) {
        // One byte at the very end; the hole before it takes no room.
        channel.write(ByteBuffer.allocate(1), Image.DISK_BYTES - 1);
      }
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
      channel.force(true);
      return bytes;
    }
  }
}
