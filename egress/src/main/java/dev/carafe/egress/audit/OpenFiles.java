package dev.carafe.egress.audit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The files of an audit, all open: whoever renames or removes one then changes nothing for the
 * reader.
 */
final class OpenFiles implements AutoCloseable {
  private static final int BUFFER = 64 * 1024;

  private final List<One> files = new ArrayList<>();

  /** An open file, and the name it was found by. */
  record One(Path path, FileChannel channel) {
    /** Its bytes, from the first. */
    InputStream fromStart() throws IOException {
      channel.position(0);
      return new BufferedInputStream(Channels.newInputStream(channel), BUFFER);
    }
  }

  /**
   * Opens each file, and then those that were put aside from it. A file may be missing when others
   * were put aside: its writer is at this moment between the two, or was ended there.
   */
  void all(List<Path> given) throws IOException {
    for (Path file : given) {
      Path absolute = file.toAbsolutePath().normalize();
      int before = files.size();
      NoSuchFileException missing = null;
      try {
        open(absolute);
      } catch (NoSuchFileException e) {
        missing = e;
      }
      for (Path aside : AuditFiles.aside(absolute).values()) {
        open(aside);
      }
      if (missing != null && files.size() == before) {
        throw missing;
      }
    }
  }

  private void open(Path path) throws IOException {
    files.add(new One(path, FileChannel.open(path, StandardOpenOption.READ)));
  }

  /** A file that was put aside meanwhile is here twice. */
  List<One> files() {
    return files;
  }

  @Override
  public void close() throws IOException {
    for (One file : files) {
      file.channel().close();
    }
  }
}
