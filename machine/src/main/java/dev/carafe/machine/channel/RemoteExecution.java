package dev.carafe.machine.channel;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** A command on a channel. */
final class RemoteExecution implements Execution {
  private final Stream stream;
  private final Input stdin;
  private final Output stdout;
  private final Output stderr;

  RemoteExecution(Stream stream) {
    this.stream = stream;
    stdin = new Input(stream);
    stdout = new Output(stream, Protocol.OUTPUT);
    stderr = new Output(stream, Protocol.ERROR);
  }

  @Override
  public OutputStream stdin() {
    return stdin;
  }

  @Override
  public InputStream stdout() {
    return stdout;
  }

  @Override
  public InputStream stderr() {
    return stderr;
  }

  @Override
  public OptionalInt guestPid() {
    int pid = stream.pid();
    return pid < 0 ? OptionalInt.empty() : OptionalInt.of(pid);
  }

  @Override
  public void signal(int number) {
    if (number < 1 || number > Protocol.MAX_SIGNAL) {
      throw new MachineException(
          ErrorCode.INVALID, "send signal " + number, "signals are 1 to " + Protocol.MAX_SIGNAL);
    }
    stream.signal(number);
  }

  @Override
  public void resize(int rows, int columns) {
    if (rows < 1 || rows > 0xffff || columns < 1 || columns > 0xffff) {
      throw new MachineException(
          ErrorCode.INVALID,
          "resize a terminal to " + rows + "x" + columns,
          "rows and columns are 1 to 65535");
    }
    stream.resize(rows, columns);
  }

  @Override
  public int await() {
    return exitCode(stream.await());
  }

  @Override
  public Optional<Integer> await(Duration limit) {
    Stream.Result result = stream.await(Channel.nanos(limit));
    return result == null ? Optional.empty() : Optional.of(exitCode(result));
  }

  private int exitCode(Stream.Result result) {
    return switch (result.kind()) {
      case Protocol.SIGNALLED -> 128 + result.code();
      case Protocol.TIMED_OUT -> 124;
      case Protocol.DONE, Protocol.NOT_STARTED -> result.code();
      default -> throw Channel.unsuccessful(ErrorCode.GUEST, stream.attempted(), result);
    };
  }

  @Override
  public String message() {
    Stream.Result result = stream.result();
    return result == null ? "" : result.message();
  }

  @Override
  public void close() {
    stream.cancel();
  }

  /** Unbuffered, so that a keystroke is sent at once. */
  private static final class Input extends OutputStream {
    private final Stream stream;

    Input(Stream stream) {
      this.stream = stream;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (length > 0) {
        stream.write(ByteBuffer.wrap(bytes, offset, length), false);
      }
    }

    @Override
    public void close() {
      stream.endInput();
    }
  }

  private static final class Output extends InputStream {
    private final Stream stream;
    private final int lane;
    private volatile boolean closed;

    Output(Stream stream, int lane) {
      this.stream = stream;
      this.lane = lane;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, to.length);
      if (closed) {
        throw new IOException("Stream closed");
      }
      return length == 0 ? 0 : stream.read(lane, to, offset, length);
    }

    @Override
    public int available() {
      return stream.available(lane);
    }

    /** As inherited, in larger steps. */
    @Override
    public long transferTo(OutputStream to) throws IOException {
      byte[] piece = new byte[Protocol.MAX_PAYLOAD];
      long total = 0;
      for (int read = read(piece, 0, piece.length); read >= 0; ) {
        to.write(piece, 0, read);
        total += read;
        read = read(piece, 0, piece.length);
      }
      return total;
    }

    /** The command is not told: what it still writes here is dropped. */
    @Override
    public void close() {
      closed = true;
      stream.discard(lane);
    }
  }
}
