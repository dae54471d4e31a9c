package dev.carafe.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Whatever a guest's command writes, what is kept of it has a limit. */
class CapturedTest {
  private static final int MOST = 100_000;

  /** A command whose streams never end, or are given; it has ended when it is closed. */
  private static final class Command implements Execution {
    private final InputStream out;
    private final InputStream err;
    private final CountDownLatch closed = new CountDownLatch(1);

    Command(InputStream out, InputStream err) {
      this.out = out;
      this.err = err;
    }

    @Override
    public OutputStream stdin() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream stdout() {
      return out;
    }

    @Override
    public InputStream stderr() {
      return err;
    }

    @Override
    public OptionalInt guestPid() {
      return OptionalInt.empty();
    }

    @Override
    public void signal(int number) {
      throw new AssertionError();
    }

    @Override
    public void resize(int rows, int columns) {
      throw new AssertionError();
    }

    @Override
    public int await() {
      if (isClosed()) {
        throw new MachineException(ErrorCode.LOST, "run a command", "it was closed");
      }
      return 0;
    }

    @Override
    public Optional<Integer> await(Duration limit) {
      return Optional.of(await());
    }

    @Override
    public String message() {
      return "";
    }

    @Override
    public void close() {
      closed.countDown();
    }

    boolean isClosed() {
      return closed.getCount() == 0;
    }
  }

  /** Zeros without end. */
  private static InputStream endless() {
    return new InputStream() {
      @Override
      public int read() {
        return 0;
      }

      @Override
      public int read(byte[] to, int offset, int length) {
        return length;
      }
    };
  }

  private static InputStream bytes(int count) {
    return new ByteArrayInputStream(new byte[count]);
  }

  @Test
  void asMuchAsTheLimitIsKeptWhole() {
    ExecResult result = Captured.of(new Command(bytes(MOST), bytes(MOST)), "wordy", false, MOST);

    assertThat(result.exitCode()).isZero();
    assertThat(result.stdout()).hasSize(MOST);
    assertThat(result.stderr()).hasSize(MOST);
  }

  @Test
  void aCommandThatWritesWithoutEndIsEndedAndThatIsSaid() {
    var command = new Command(endless(), bytes(0));

    assertThatThrownBy(() -> Captured.of(command, "wordy", false, MOST))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST))
        .hasMessageContaining("machine 'wordy'")
        .hasMessageContaining("more than 100000 bytes to standard output");
    assertThat(command.isClosed()).isTrue();
  }

  @Test
  void standardErrorHasTheSameLimit() {
    var command = new Command(bytes(10), endless());

    assertThatThrownBy(() -> Captured.of(command, "wordy", false, MOST))
        .hasMessageContaining("more than 100000 bytes to standard error");
    assertThat(command.isClosed()).isTrue();
  }
}
