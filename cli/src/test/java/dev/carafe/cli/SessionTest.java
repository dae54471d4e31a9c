package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.TerminalSize;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Terminals and signals. Everything waits for events; the time limit only ends a hanging test. */
@Timeout(30)
class SessionTest {
  private final Caller caller = Caller.carafe();
  private final FakeMachines.FakeMachine web = caller.machines.running("web");

  /** What the user types. */
  private final Pipe keys = new Pipe();

  /** What the user sees. */
  private final Pipe screen = new Pipe();

  private final InputStream seen = screen.input();

  @BeforeEach
  void connect() {
    caller.input = keys.input();
    caller.output = screen.output();
  }

  private void type(String text) throws Exception {
    OutputStream to = keys.output();
    to.write(text.getBytes());
  }

  private String line() throws Exception {
    StringBuilder line = new StringBuilder();
    for (int c = seen.read(); c != '\n'; c = seen.read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  private static Outcome end(CompletableFuture<Outcome> call) throws Exception {
    return call.get(20, TimeUnit.SECONDS);
  }

  @Test
  void theSizeIsRightFromTheStartAndFollowsTheTerminal() throws Exception {
    caller.terminal.input = true;
    var call = caller.start("machine", "exec", "--name", "web", "-it", "--", "sizes");
    assertThat(line()).isEqualTo("50x120");
    caller.terminal.size = new TerminalSize(30, 90);
    caller.signals.raise(Signals.WINDOW_CHANGED).join();
    assertThat(line()).isEqualTo("30x90");
    type("q");
    assertThat(end(call)).isEqualTo(new Outcome(0, "", ""));
    assertThat(caller.terminal.modes).containsExactly("raw", "restored");
  }

  @Test
  void controlCIsAByteOnATerminal() throws Exception {
    caller.terminal.input = true;
    var call = caller.start("machine", "exec", "--name", "web", "-t", "--", "sizes");
    line();
    type("\u0003");
    assertThat(line()).isEqualTo("key 3");
    type("q");
    assertThat(end(call).exitCode()).isZero();
  }

  @Test
  void theKindOfTerminalIsPassedOnUnlessTheCommandIsGivenAnother() throws Exception {
    caller.env.put("TERM", "tmux-256color");
    var call = caller.start("machine", "exec", "--name", "web", "-t", "--", "env");
    assertThat(line()).isEqualTo("TERM=tmux-256color");
    end(call);
    call = caller.start("machine", "exec", "--name", "web", "-t", "-e", "TERM=dumb", "--", "env");
    assertThat(line()).isEqualTo("TERM=dumb");
    end(call);
    caller.env.remove("TERM");
    call = caller.start("machine", "exec", "--name", "web", "-t", "--", "env");
    assertThat(line()).isEqualTo("TERM=xterm");
    end(call);
  }

  @Test
  void aTerminalWithPipedInputHasAStandardSizeAndEndsAtTheEndOfInput() throws Exception {
    var call = caller.start("machine", "exec", "--name", "web", "-t", "--", "sizes");
    assertThat(line()).isEqualTo("24x80");
    keys.output().close();
    assertThat(end(call).exitCode()).isZero();
    assertThat(caller.terminal.modes).isEmpty();
  }

  @Test
  void aTerminalThatGoesAwayWithoutASignalHasHungUp() throws Exception {
    caller.terminal.input = true;
    var call = caller.start("machine", "exec", "--name", "web", "-it", "--", "sizes");
    line();
    keys.output().close();
    assertThat(end(call).exitCode()).isEqualTo(129);
    assertThat(caller.terminal.modes).containsExactly("raw", "restored");
  }

  @Test
  void theTerminalIsRestoredWhenTheCommandCannotStart() throws Exception {
    caller.terminal.input = true;
    web.state = State.STOPPED;
    assertThat(caller.call("machine", "shell", "web").exitCode()).isEqualTo(1);
    assertThat(caller.terminal.modes).containsExactly("raw", "restored");
  }

  @Test
  void theTerminalIsRestoredWhenTheConnectionIsLost() throws Exception {
    caller.terminal.input = true;
    assertThat(caller.call("machine", "exec", "--name", "web", "-t", "--", "lose").exitCode())
        .isEqualTo(124);
    assertThat(caller.terminal.modes).containsExactly("raw", "restored");
  }

  @ParameterizedTest
  @CsvSource({"1, 129", "2, 130", "15, 143"})
  void aSignalOnATerminalEndsTheCommandAndRestores(int signal, int exitCode) throws Exception {
    caller.terminal.input = true;
    var call = caller.start("machine", "exec", "--name", "web", "-it", "--", "sizes");
    line();
    caller.signals.raise(signal);
    assertThat(end(call)).isEqualTo(new Outcome(exitCode, "", ""));
    assertThat(caller.terminal.modes).containsExactly("raw", "restored");
  }

  @ParameterizedTest
  @CsvSource({"1, 129", "2, 130", "15, 143"})
  void aSignalIsPassedOnToTheCommand(int signal, int exitCode) throws Exception {
    var call = caller.start("machine", "exec", "--name", "web", "--", "sleep");
    line();
    caller.signals.raise(signal);
    assertThat(end(call)).isEqualTo(new Outcome(exitCode, "", ""));
  }

  @Test
  void aSecondSignalEndsACommandThatTookNoNoticeOfTheFirst() throws Exception {
    var call = caller.start("machine", "exec", "--name", "web", "--", "stubborn");
    line();
    caller.signals.raise(Signals.INTERRUPT).join();
    assertThat(call).isNotDone();
    caller.signals.raise(Signals.INTERRUPT);
    assertThat(end(call)).isEqualTo(new Outcome(130, "", ""));
  }

  @Test
  void runRemovesItsMachineAfterASignal() throws Exception {
    var call = caller.start("run", "-n", "one", "--", "sleep");
    line();
    caller.signals.raise(Signals.TERMINATE);
    assertThat(end(call)).isEqualTo(new Outcome(143, "", ""));
    assertThat(caller.machines.calls)
        .containsExactly("create one", "start one", "exec sleep", "delete one");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15})
  void aSignalDuringTheStartStopsItAndRemovesTheMachine(int signal) throws Exception {
    caller.machines.startHangs = new CountDownLatch(1);
    var call = caller.start("run", "-n", "one", "--", "echo");
    caller.machines.startHangs.await();
    caller.signals.raise(signal);
    assertThat(end(call)).isEqualTo(new Outcome(128 + signal, "", ""));
    assertThat(caller.machines.calls).containsExactly("create one", "start one", "delete one");
    assertThat(caller.signals.died).isNotDone();
  }

  @Test
  void aSignalThatComesTwiceAtOnceIsOneAndTheMachineIsRemoved() throws Exception {
    caller.machines.startHangs = new CountDownLatch(1);
    var call = caller.start("run", "-n", "one", "--", "echo");
    caller.machines.startHangs.await();
    caller.signals.raise(Signals.TERMINATE);
    caller.signals.raiseAtOnce(Signals.TERMINATE);
    assertThat(end(call)).isEqualTo(new Outcome(143, "", ""));
    assertThat(caller.machines.calls).containsExactly("create one", "start one", "delete one");
    assertThat(caller.signals.died).isNotDone();
  }

  @Test
  void aSignalThatComesTwiceAtOnceIsPassedOnAndDoesNotEndTheCommand() throws Exception {
    Interrupts interrupts = new Interrupts(caller.signals);
    interrupts.install();
    interrupts.attach(new FakeExecution(ExecSpec.of("stubborn")), false);
    caller.signals.raise(Signals.TERMINATE).join();
    caller.signals.raiseAtOnce(Signals.TERMINATE).join();
    assertThat(interrupts.exitCode()).isEmpty();
    caller.signals.raise(Signals.TERMINATE).join();
    assertThat(interrupts.exitCode()).hasValue(143);
    interrupts.clean();
  }

  @Test
  void aThirdSignalEndsTheProcessWhenTheGuestDoesNotEndTheCommand() throws Exception {
    Interrupts interrupts = new Interrupts(caller.signals);
    interrupts.install();
    // Nobody waits for it: as if its end never came.
    interrupts.attach(new FakeExecution(ExecSpec.of("stubborn")), false);
    caller.signals.raise(Signals.INTERRUPT).join();
    caller.signals.raise(Signals.INTERRUPT).join();
    assertThat(caller.signals.died).isNotDone();
    caller.signals.raise(Signals.INTERRUPT).join();
    assertThat(caller.signals.died.get(20, TimeUnit.SECONDS)).isEqualTo(130);
  }

  @Test
  void aSignalDuringTheCleanUpDoesNothing() throws Exception {
    Interrupts interrupts = new Interrupts(caller.signals);
    interrupts.install();
    interrupts.clean();
    caller.signals.raise(Signals.TERMINATE).join();
    assertThat(interrupts.exitCode()).isEmpty();
    assertThat(Thread.interrupted()).isFalse();
    assertThat(caller.signals.died).isNotDone();
  }

  @Test
  void aSecondSignalBeforeTheCommandRunsEndsTheProcess() throws Exception {
    Interrupts interrupts = new Interrupts(caller.signals);
    interrupts.install();
    caller.signals.raise(Signals.INTERRUPT);
    try {
      Thread.sleep(20_000);
    } catch (InterruptedException expected) {
      // The first signal did this.
    }
    caller.signals.raise(Signals.INTERRUPT);
    assertThat(caller.signals.died.get(20, TimeUnit.SECONDS)).isEqualTo(130);
    interrupts.clean();
  }

  @Test
  void execHandlesNoSignalBeforeItsCommandRuns() {
    caller.call("machine", "exec", "--name", "nobody", "--", "true");
    assertThat(caller.signals.handles(Signals.INTERRUPT)).isFalse();
  }
}
