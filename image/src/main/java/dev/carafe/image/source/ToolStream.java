package dev.carafe.image.source;

import dev.carafe.image.layer.ToolOutput;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What a program writes to its standard output. The end of the stream is given only when the
 * program has ended well; otherwise reading it throws what the program said. Closing early ends the
 * program.
 */
final class ToolStream extends FilterInputStream {
  private final String tool;
  private final Process process;
  private final ToolOutput said;

  private ToolStream(String tool, Process process, Consumer<String> line) {
    super(process.getInputStream());
    this.tool = tool;
    this.process = process;
    said = new ToolOutput(process.getErrorStream(), line);
  }

  /**
   * Starts the program.
   *
   * @param missing what to do when there is no such program
   * @param line gets every line of its standard error
   */
  static ToolStream start(ProcessBuilder builder, String missing, Consumer<String> line)
      throws IOException {
    String tool = builder.command().getFirst();
    try {
      return new ToolStream(tool, builder.start(), line);
    } catch (IOException e) {
      throw new IOException(tool + " cannot be run: " + missing, e);
    }
  }

  /** What the program reads. */
  OutputStream input() {
    return process.getOutputStream();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    int read = in.read(to, offset, length);
    if (read < 0) {
      try {
        if (process.waitFor() != 0) {
          throw new IOException(tool + " failed: " + said.end());
        }
      } catch (InterruptedException e) {
        throw interrupted();
      }
    }
    return read;
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  @Override
  public void close() throws IOException {
    if (process.isAlive()) {
      process.destroy(); // gently: mmdebstrap has mounts and directories to put away
    }
    try (InputStream _ = in) {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw interrupted();
    }
  }
}
