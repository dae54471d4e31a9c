package dev.carafe.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import sun.misc.Signal;

/** In processes of their own, below a shell that says how they ended. */
class HostSignalsTest {

  /** Receives SIGTERM, then ends with the exit code it is given. */
  static final class Receiver {
    private Receiver() {}

    public static void main(String[] args) throws InterruptedException {
      HostSignals signals = new HostSignals();
      CountDownLatch received = new CountDownLatch(1);
      signals.handle(Signals.TERMINATE, received::countDown);
      Signal.raise(new Signal("TERM"));
      received.await();
      int exitCode = Integer.parseInt(args[0]);
      signals.endBySignal(exitCode);
      Runtime.getRuntime().halt(exitCode);
    }
  }

  @ParameterizedTest
  @CsvSource({"143, 143 15", "0, 0 0", "130, 130 0"})
  void theProcessDiesOfTheSignalThatItsExitCodeNames(String exitCode, String ending)
      throws Exception {
    // Only of a process that a signal ended does the shell print the name.
    Process shell =
        new ProcessBuilder(
                List.of(
                    "sh",
                    "-c",
                    "\"$@\"; echo $?",
                    "sh",
                    Path.of(System.getProperty("java.home"), "bin/java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Receiver.class.getName(),
                    exitCode))
            .start();
    String out = new String(shell.getInputStream().readAllBytes(), UTF_8);
    String err = new String(shell.getErrorStream().readAllBytes(), UTF_8);
    assertThat(out.strip() + (err.contains("Terminated") ? " 15" : " 0")).isEqualTo(ending);
  }
}
