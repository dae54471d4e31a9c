package dev.carafe.machine.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams, credit and the ends of channels, with a guest that does as the test says. */
@Timeout(60)
class ChannelTest {
  private static final Duration LONG = Duration.ofSeconds(50);

  @TempDir Path temp;
  private FakeGuest guest;

  @BeforeEach
  void connect() throws IOException {
    guest = new FakeGuest(temp);
  }

  @AfterEach
  void disconnect() throws IOException {
    guest.close();
  }

  private static Command cat() {
    return AgentExecTest.command(true, "cat");
  }

  /** Starts a command, and has the guest say so. */
  private Execution start(Channel channel) throws IOException {
    Execution run = channel.exec(cat());
    guest.started(guest.next(Protocol.REQUEST).stream(), 7);
    return run;
  }

  private static CompletableFuture<Throwable> inBackground(ThrowingCallable task) {
    CompletableFuture<Throwable> outcome = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                task.call();
                outcome.complete(null);
              } catch (Throwable e) {
                outcome.complete(e);
              }
            });
    return outcome;
  }

  private static void assertCode(ThrowingCallable task, ErrorCode code, String message) {
    assertThatThrownBy(task)
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(MachineException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  // ---- results

  @ParameterizedTest
  @CsvSource({"0,0,0", "0,255,255", "1,9,137", "2,0,124"})
  void aResultBecomesAnExitCode(int kind, int code, int exitCode) throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.finish(1, kind, code, "why");
      assertThat(run.await()).isEqualTo(exitCode);
      assertThat(run.message()).isEqualTo("why");
      assertThat(run.guestPid()).hasValue(7);
    }
  }

  @ParameterizedTest
  @CsvSource({"126", "127"})
  void aCommandThatDoesNotStartIsAResultToo(int code) throws Exception {
    try (Channel channel = guest.channel();
        Execution run = channel.exec(cat())) {
      guest.next(Protocol.REQUEST);
      guest.result(1, Protocol.NOT_STARTED, code, "no such program");
      assertThat(run.await(LONG)).hasValue(code);
      assertThat(run.stdout().read()).isEqualTo(-1);
      assertThat(run.guestPid()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"3,5", "4,0"})
  void aRequestThatFailsThrowsTheGuestsWordsWithoutTheirTricks(int kind, int code)
      throws Exception {
    try (Channel channel = guest.channel();
        Execution run = channel.exec(cat())) {
      guest.next(Protocol.REQUEST);
      guest.result(1, kind, code, "bad\u001b[2J\u0007\nthing\u202e" + "x".repeat(3_000));
      assertCode(run::await, ErrorCode.GUEST, "cannot run 'cat' in the guest: bad?[2J? thing?xxx");
      assertThat(run.message()).hasSizeLessThan(1_010);
    }
  }

  @Test
  void requestsWithoutStreamsAreAskedAndAnswered() throws Exception {
    try (Channel channel = guest.channel()) {
      var sync = inBackground(() -> channel.sync(LONG));
      assertThat(guest.next(Protocol.REQUEST).payload()).containsExactly(Protocol.SYNC);
      guest.result(1, Protocol.DONE, 0, "");
      assertThat(sync.get()).isNull();
      var refused = inBackground(() -> channel.sync(LONG));
      assertThat(guest.next(Protocol.REQUEST).payload()).containsExactly(Protocol.SYNC);
      guest.result(2, Protocol.FAILED, 16, "busy");
      assertThat(refused.get()).hasMessageContaining("busy");
      var late = inBackground(() -> channel.sync(Duration.ofMillis(20)));
      assertThat(guest.next(Protocol.REQUEST).payload()).containsExactly(Protocol.SYNC);
      assertThat(late.get()).hasMessageContaining("within 20 milliseconds");
      assertThat(guest.next(Protocol.CANCEL).stream()).isEqualTo(3);
    }
  }

  @Test
  void aConfigurationIsSentInTheOrderOfTheProtocol() throws Exception {
    try (Channel channel = guest.channel()) {
      Configuration configuration =
          new Configuration()
              .hostname("a-1")
              .machineId("0123456789abcdef0123456789abcdef")
              .overlayBytes(5)
              .root(0)
              .clock(() -> java.time.Instant.ofEpochSecond(1, 2))
              .entropy(new byte[32])
              .hosts("h")
              .resolv("r");
      var done = inBackground(() -> channel.configure(configuration, LONG));
      byte[] request = guest.next(Protocol.REQUEST).payload();
      List<String> fields = new ArrayList<>();
      for (int at = 1; at < request.length; ) {
        int length = FakeGuest.little(4).put(request, at + 1, 4).getInt(0);
        byte[] value = Arrays.copyOfRange(request, at + 5, at + 5 + length);
        fields.add(
            request[at]
                + ":"
                + (length == 8 ? "" + FakeGuest.little(8).put(value).getLong(0) : length));
        at += 5 + length;
      }
      assertThat(fields)
          .containsExactly("1:32", "2:1000000002", "3:1", "4:5", "5:3", "6:32", "7:1", "8:1");
      guest.result(1, Protocol.DONE, 0, "");
      assertThat(done.get()).isNull();
    }
  }

  @Test
  void poweringOffIsDoneWhenTheConnectionEndsOverIt() throws Exception {
    try (Channel channel = guest.channel()) {
      var off = inBackground(() -> channel.powerOff(LONG));
      guest.next(Protocol.REQUEST);
      guest.hangUp();
      assertThat(off.get()).isNull();
    }
  }

  @Test
  void aLongRequestIsCutIntoFrames() throws Exception {
    try (Channel channel = guest.channel()) {
      var exec =
          inBackground(() -> channel.exec(AgentExecTest.command(false, "x", "y".repeat(200_000))));
      int length = 0;
      FakeGuest.Frame frame;
      do {
        frame = guest.next(Protocol.REQUEST);
        assertThat(frame.stream()).isEqualTo(1);
        length += frame.payload().length;
      } while (frame.flags() == Protocol.MORE);
      assertThat(frame.flags()).isZero();
      assertThat(length).isGreaterThan(200_000);
      assertThat(exec.get()).isNull();
      assertCode(
          () -> channel.exec(AgentExecTest.command(false, "x", "y".repeat(2_100_000))),
          ErrorCode.INVALID,
          "2097152");
    }
  }

  @Test
  void aChannelHoldsSoManyRequestsAndNoMore() throws Exception {
    try (Channel channel = guest.channel()) {
      for (int i = 0; i < 63; i++) {
        start(channel);
      }
      assertThat(channel.hasRoom()).isFalse();
      assertCode(() -> channel.exec(cat()), ErrorCode.STATE, "63");
      guest.finish(40, Protocol.DONE, 0, "");
      await().until(channel::hasRoom);
      channel.exec(cat());
      assertThat(guest.next(Protocol.REQUEST).stream()).isEqualTo(64);
    }
  }

  // ---- credit

  @Test
  void inputStopsAtTheWindowAndGoesOnWithCredit() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      var writing =
          inBackground(
              () -> {
                try (OutputStream to = run.stdin()) {
                  to.write(new byte[300_000]);
                }
              });
      int seen = 0;
      while (seen < 262_144) {
        seen += guest.next(Protocol.DATA).payload().length;
      }
      assertThat(seen).isEqualTo(262_144);
      // Nothing but this signal comes between: the writer waits.
      run.signal(10);
      assertThat(guest.next(Protocol.SIGNAL).number()).isEqualTo(10);
      assertThat(writing).isNotDone();
      guest.credit(1, 30_000);
      assertThat(guest.next(Protocol.DATA).payload()).hasSize(30_000);
      guest.credit(1, 200_000);
      assertThat(guest.next(Protocol.DATA).payload()).hasSize(300_000 - 292_144);
      FakeGuest.Frame end = guest.next(Protocol.DATA);
      assertThat(end.flags()).isEqualTo(Protocol.END);
      assertThat(end.payload()).isEmpty();
      assertThat(writing.get()).isNull();
    }
  }

  @Test
  void creditComesBackInBatchesForWhatWasRead() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      for (int i = 0; i < 4; i++) {
        guest.data(1, Protocol.OUTPUT, false, new byte[65_536]);
      }
      assertThat(run.stdout().readNBytes(100_000)).hasSize(100_000);
      run.signal(10);
      guest.next(Protocol.SIGNAL);
      assertThat(run.stdout().readNBytes(62_144)).hasSize(62_144);
      FakeGuest.Frame credit = guest.next(Protocol.CREDIT);
      assertThat(credit.flags()).isEqualTo(Protocol.OUTPUT);
      assertThat(credit.number()).isBetween(131_072, 162_144);
      guest.data(1, Protocol.OUTPUT, true, new byte[65_536]);
      assertThat(run.stdout().readAllBytes()).hasSize(2 * 65_536 + 100_000 - 65_536);
    }
  }

  @Test
  void outputThatIsThereIsReadAtOnce() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.data(1, Protocol.OUTPUT, false, "abc".getBytes(UTF_8));
      byte[] some = new byte[10];
      assertThat(run.stdout().read(some)).isEqualTo(3);
      guest.data(1, Protocol.OUTPUT, true, "de".getBytes(UTF_8));
      assertThat(run.stdout().read()).isEqualTo('d');
      assertThat(run.stdout().available()).isEqualTo(1);
      assertThat(run.stdout().read(some)).isEqualTo(1);
      assertThat(run.stdout().available()).isZero();
      assertThat(run.stdout().read(some)).isEqualTo(-1);
    }
  }

  @Test
  void aStuckReaderAndAStuckWriterHoldUpNoOtherStream() throws Exception {
    try (Channel channel = guest.channel()) {
      Execution unread = start(channel);
      for (int i = 0; i < 4; i++) {
        guest.data(1, Protocol.OUTPUT, false, new byte[65_536]);
        guest.data(1, Protocol.ERROR, false, new byte[65_536]);
      }
      var writing = inBackground(() -> unread.stdin().write(new byte[1_000_000]));
      int seen = 0;
      while (seen < 262_144) {
        seen += guest.next(Protocol.DATA).payload().length;
      }
      try (Execution other = start(channel)) {
        guest.data(2, Protocol.OUTPUT, false, "hello".getBytes(UTF_8));
        guest.finish(2, Protocol.DONE, 3, "");
        assertThat(other.stdout().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
        assertThat(other.await()).isEqualTo(3);
      }
      unread.close();
      assertThat(writing.get()).isInstanceOf(IOException.class).hasMessage("Broken pipe");
    }
  }

  @Test
  void whatAClosedExecutionStillGetsIsDroppedAndPaidFor() throws Exception {
    try (Channel channel = guest.channel()) {
      Execution run = start(channel);
      guest.data(1, Protocol.OUTPUT, false, new byte[65_536]);
      assertThat(run.stdout().read()).isZero();
      run.close();
      assertThat(guest.next(Protocol.CANCEL).stream()).isEqualTo(1);
      for (int i = 0; i < 3; i++) {
        guest.data(1, Protocol.OUTPUT, false, new byte[65_536]);
      }
      assertThat(guest.next(Protocol.CREDIT).number()).isGreaterThanOrEqualTo(131_072);
      guest.finish(1, Protocol.SIGNALLED, 9, "");
      assertThat(run.await()).isEqualTo(137);
      assertThat(channel.isOpen()).isTrue();
      assertThatThrownBy(() -> run.stdin().write(1)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void nothingIsSentAfterTheEndOfInputHoweverManyThreadsWrite() throws Exception {
    try (Channel channel = guest.channel()) {
      for (int stream = 1; stream <= 50; stream++) {
        Execution run = start(channel);
        List<CompletableFuture<Throwable>> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          writers.add(
              inBackground(
                  () -> {
                    while (true) {
                      run.stdin().write(new byte[10]);
                    }
                  }));
        }
        writers.add(inBackground(() -> run.stdin().close()));
        FakeGuest.Frame frame;
        do {
          frame = guest.next(Protocol.DATA);
        } while (frame.flags() != Protocol.END);
        for (var writer : writers) {
          writer.get();
        }
        run.signal(10);
        guest.next(Protocol.SIGNAL);
        guest.finish(stream, Protocol.DONE, 0, "");
        assertThat(run.await()).isZero();
      }
    }
  }

  @Test
  void afterTheResultInputIsABrokenPipeAndNothingElseIsSent() throws Exception {
    Channel channel = guest.channel();
    Execution run = start(channel);
    guest.finish(1, Protocol.DONE, 0, "");
    assertThat(run.await()).isZero();
    assertThatThrownBy(() -> run.stdin().write(1))
        .isInstanceOf(IOException.class)
        .hasMessage("Broken pipe");
    run.stdin().close();
    run.signal(9);
    run.resize(10, 10);
    run.close();
    channel.close();
    assertThat(guest.readByte()).isEqualTo(-1);
  }

  // ---- a guest that breaks the rules

  static Stream<Arguments> wrongFrames() {
    byte[] none = {};
    byte[] four = FakeGuest.little(4).putInt(5).array();
    byte[] lengthy = FakeGuest.frame(Protocol.DATA, 1, 1, none);
    lengthy[10] = 2;
    byte[] reserved = FakeGuest.frame(Protocol.DATA, 0x81, 1, none);
    reserved[3] = 1;
    byte[] resultReserved = FakeGuest.resultPayload(0, 0, "");
    resultReserved[2] = 1;
    return Stream.of(
        wrong("an unknown type", FakeGuest.frame(12, 0, 1, none)),
        wrong("a host's type", FakeGuest.frame(Protocol.REQUEST, 0, 1, none)),
        wrong("a second welcome", FakeGuest.frame(Protocol.WELCOME, 0, 0, new byte[44])),
        wrong("reserved bytes", reserved),
        wrong("too long a payload", lengthy),
        wrong("data without a stream", FakeGuest.frame(Protocol.DATA, 0x81, 0, none)),
        wrong("data on no open stream", FakeGuest.frame(Protocol.DATA, 0x81, 9, none)),
        wrong("data on lane 0", FakeGuest.frame(Protocol.DATA, 0x80, 1, none)),
        wrong("data on lane 3", FakeGuest.frame(Protocol.DATA, 0x83, 1, none)),
        wrong("data with an unknown flag", FakeGuest.frame(Protocol.DATA, 0x85, 1, none)),
        wrong("empty data that ends nothing", FakeGuest.frame(Protocol.DATA, 1, 1, none)),
        wrong("a second start", FakeGuest.frame(Protocol.STARTED, 0, 1, four)),
        wrong("a start with a flag", FakeGuest.frame(Protocol.STARTED, 1, 1, four)),
        wrong("a start without a number", FakeGuest.frame(Protocol.STARTED, 0, 1, none)),
        wrong("credit for lane 1", FakeGuest.frame(Protocol.CREDIT, 1, 1, four)),
        wrong("no credit", FakeGuest.frame(Protocol.CREDIT, 0, 1, new byte[4])),
        wrong("credit beyond the window", FakeGuest.frame(Protocol.CREDIT, 0, 1, four)),
        wrong(
            "credit beyond everything",
            FakeGuest.frame(Protocol.CREDIT, 0, 1, new byte[] {-1, -1, -1, -1})),
        wrong("a short result", FakeGuest.frame(Protocol.RESULT, 0, 1, new byte[7])),
        wrong("a result before the lanes end", result(0, 0, "")),
        wrong("an unknown result", result(6, 0, "")),
        wrong("reserved bytes of a result", FakeGuest.frame(Protocol.RESULT, 0, 1, resultReserved)),
        wrong("an exit code of 256", result(0, 256, "")),
        wrong("a signal 65", result(1, 65, "")),
        wrong("a signal 0", result(1, 0, "")),
        wrong("a time-out with a code", result(2, 1, "")),
        wrong("an impossible errno", result(3, 70_000, "")),
        wrong("not started after a start", result(5, 127, "")),
        wrong("not started with 1", result(5, 1, "")),
        wrong("a message that is too long", result(3, 0, "x".repeat(4_097))),
        wrong("a fault on a stream", FakeGuest.frame(Protocol.FAULT, 0, 1, none)),
        wrong("a fault", FakeGuest.frame(Protocol.FAULT, 0, 0, "you!".getBytes(UTF_8))));
  }

  private static Arguments wrong(String what, byte[] frame) {
    return Arguments.of(what, frame);
  }

  private static byte[] result(int kind, int code, String message) {
    return FakeGuest.frame(Protocol.RESULT, 0, 1, FakeGuest.resultPayload(kind, code, message));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongFrames")
  void theFirstWrongFrameEndsTheChannel(String what, byte[] frame) throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.send(frame);
      guest.fallSilent();
      assertCode(run::await, ErrorCode.GUEST, "the guest ");
      assertThat(channel.isOpen()).isFalse();
      assertThat(guest.readByte()).isEqualTo(-1);
      assertCode(() -> channel.exec(cat()), ErrorCode.GUEST, "the guest ");
    }
  }

  @Test
  void dataBeyondTheWindowEndsTheChannel() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      for (int i = 0; i < 4; i++) {
        guest.data(1, Protocol.OUTPUT, false, new byte[65_536]);
      }
      guest.data(1, Protocol.OUTPUT, false, new byte[1]);
      guest.fallSilent();
      assertCode(run::await, ErrorCode.GUEST, "more data than it had credit for");
      assertThat(run.stdout().readNBytes(262_144)).hasSize(262_144);
      assertThatThrownBy(() -> run.stdout().read()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void dataAfterItsEndEndsTheChannel() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.data(1, Protocol.ERROR, true, new byte[] {1});
      guest.data(1, Protocol.ERROR, true, new byte[0]);
      guest.fallSilent();
      assertCode(run::await, ErrorCode.GUEST, "after the end of its lane");
    }
  }

  @Test
  void dataBeforeTheStartEndsTheChannel() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = channel.exec(cat())) {
      guest.next(Protocol.REQUEST);
      guest.data(1, Protocol.OUTPUT, false, new byte[] {1});
      guest.fallSilent();
      assertCode(run::await, ErrorCode.GUEST, "lane 1");
    }
  }

  @Test
  void whatHasStartedCannotHaveFailedToStart() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.finish(1, Protocol.NOT_STARTED, 127, "");
      guest.fallSilent();
      assertCode(run::await, ErrorCode.GUEST, "did not start a command that it had started");
    }
  }

  @Test
  void aResultThatACommandOnlyCanHaveEndsTheChannel() throws Exception {
    try (Channel channel = guest.channel()) {
      var sync = inBackground(() -> channel.sync(LONG));
      guest.next(Protocol.REQUEST);
      guest.result(1, Protocol.DONE, 1, "");
      guest.fallSilent();
      assertThat(sync.get()).hasMessageContaining("a command's result");
    }
  }

  @Test
  void paddingBetweenFramesIsSkipped() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.send(new byte[500_000]);
      guest.data(1, Protocol.OUTPUT, false, "x".getBytes(UTF_8));
      guest.send(new byte[3]);
      guest.finish(1, Protocol.DONE, 0, "");
      assertThat(run.stdout().readAllBytes()).hasSize(1);
      assertThat(run.await()).isZero();
    }
  }

  // ---- a guest that is silent

  @Test
  void aGuestThatDoesNotStartACommandIsNotWaitedForForEver() throws Exception {
    Patience patience = new Patience(Patience.ENDLESS, Patience.NORMAL.stall(), 20_000_000, 1);
    try (Channel channel = guest.channel(patience);
        Execution run = channel.exec(cat())) {
      assertCode(run::await, ErrorCode.TIMEOUT, "20 milliseconds");
      assertThatThrownBy(() -> run.stdout().read()).isInstanceOf(IOException.class);
      guest.next(Protocol.REQUEST);
      assertThat(guest.next(Protocol.CANCEL).stream()).isEqualTo(1);
      assertThat(channel.isOpen()).isTrue();
    }
  }

  @Test
  void aCommandThatRunsIsWaitedFor() throws Exception {
    Patience patience = new Patience(Patience.ENDLESS, Patience.NORMAL.stall(), 200_000_000, 1);
    try (Channel channel = guest.channel(patience);
        Execution run = start(channel)) {
      await().until(() -> run.guestPid().isPresent());
      assertThat(run.await(Duration.ofMillis(300))).isEmpty();
      guest.finish(1, Protocol.DONE, 0, "");
      assertThat(run.await()).isZero();
    }
  }

  @Test
  void aGuestThatIsSilentIsAskedWhetherItIsThere() throws Exception {
    Patience patience = new Patience(20_000_000, Patience.ENDLESS, Patience.ENDLESS, 1);
    try (Channel channel = guest.channel(patience);
        Execution run = start(channel)) {
      FakeGuest.Frame asked = guest.next(Protocol.REQUEST);
      assertThat(asked.payload()).containsExactly(Protocol.PING);
      guest.result(asked.stream(), Protocol.DONE, 0, "");
      // It goes on to be asked, and to answer.
      asked = guest.next(Protocol.REQUEST);
      guest.result(asked.stream(), Protocol.DONE, 0, "");
      guest.finish(1, Protocol.DONE, 0, "");
      assertThat(run.await()).isZero();
    }
  }

  @Test
  void aGuestThatDoesNotAnswerIsNotWaitedForForEver() throws Exception {
    Patience patience = new Patience(20_000_000, Patience.ENDLESS, Patience.ENDLESS, 1);
    try (Channel channel = guest.channel(patience);
        Execution run = start(channel)) {
      assertCode(run::await, ErrorCode.GUEST, "has said nothing");
      assertThat(channel.isOpen()).isFalse();
    }
  }

  @Test
  void aGuestOfWhichNothingIsWantedIsLeftInPeace() throws Exception {
    Patience patience = new Patience(5_000_000, Patience.ENDLESS, Patience.ENDLESS, 1);
    try (Channel channel = guest.channel(patience)) {
      try (Execution run = start(channel)) {
        guest.finish(1, Protocol.DONE, 0, "");
        assertThat(run.await()).isZero();
      }
      await().pollDelay(java.time.Duration.ofMillis(60)).until(channel::isOpen);
    }
  }

  @Test
  void aGuestThatStopsReadingIsGivenUpAndHasHeldUpNoReader() throws Exception {
    Patience patience = new Patience(Patience.ENDLESS, 1_000_000_000, Patience.ENDLESS, 1);
    try (Channel channel = guest.channel(patience)) {
      List<Execution> runs = new ArrayList<>();
      for (int i = 1; i <= 8; i++) {
        runs.add(start(channel));
      }
      List<CompletableFuture<Throwable>> writers = new ArrayList<>();
      for (Execution run : runs) {
        writers.add(inBackground(() -> run.stdin().write(new byte[262_144])));
      }
      // More than the socket takes is waiting now or will be soon; output still comes through.
      guest.data(1, Protocol.OUTPUT, false, new byte[50_000]);
      assertThat(runs.getFirst().stdout().readNBytes(50_000)).hasSize(50_000);
      assertCode(runs.getLast()::await, ErrorCode.GUEST, "has stopped reading");
      for (var writer : writers) {
        writer.get();
      }
      assertThat(channel.clean()).isFalse();
    }
  }

  // ---- ends

  @Test
  void aLostConnectionReachesEveryoneAndTheHooks() throws Exception {
    var hooks = new CountDownLatch(2);
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      channel.onClose(hooks::countDown);
      var waiting = inBackground(run::await);
      var reading = inBackground(() -> run.stdout().read());
      var writing = inBackground(() -> run.stdin().write(new byte[500_000]));
      guest.hangUp();
      assertThat(waiting.get())
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOST));
      assertThat(reading.get()).isInstanceOf(IOException.class);
      assertThat(writing.get()).isInstanceOf(IOException.class);
      assertThat(channel.isOpen()).isFalse();
      assertCode(() -> channel.sync(LONG), ErrorCode.LOST, "sync");
      channel.onClose(hooks::countDown);
    }
    // Who waited is told first, and the hooks run after that.
    assertThat(hooks.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void outputAndResultThatCameBeforeTheEndStay() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel)) {
      guest.data(1, Protocol.OUTPUT, false, "kept".getBytes(UTF_8));
      guest.finish(1, Protocol.DONE, 4, "");
      guest.hangUp();
      CountDownLatch closed = new CountDownLatch(1);
      channel.onClose(closed::countDown);
      closed.await();
      assertThat(run.stdout().readAllBytes()).isEqualTo("kept".getBytes(UTF_8));
      assertThat(run.await()).isEqualTo(4);
    }
  }

  @Test
  void closingCancelsWhatIsOpenAndThenHangsUp() throws Exception {
    Channel channel = guest.channel();
    Execution first = start(channel);
    Execution second = start(channel);
    channel.close();
    assertThat(List.of(guest.next(Protocol.CANCEL).stream(), guest.next(Protocol.CANCEL).stream()))
        .containsExactlyInAnyOrder(1, 2);
    assertThatThrownBy(guest::next).isInstanceOf(IOException.class);
    assertCode(first::await, ErrorCode.LOST, "was closed");
    assertCode(second::await, ErrorCode.LOST, "was closed");
    assertThat(channel.clean()).isTrue();
    assertThat(channel.isOpen()).isFalse();
    channel.close();
  }

  @Test
  void anInterruptedCallerHurtsNobodyElse() throws Exception {
    try (Channel channel = guest.channel();
        Execution run = start(channel);
        Execution other = start(channel)) {
      Thread.currentThread().interrupt();
      assertCode(run::await, ErrorCode.LOST, "interrupted");
      assertThatThrownBy(() -> run.stdout().read())
          .isInstanceOf(java.io.InterruptedIOException.class);
      run.stdin().write(1);
      assertThat(Thread.interrupted()).isTrue();
      guest.finish(2, Protocol.DONE, 0, "");
      assertThat(other.await()).isZero();
      assertThat(channel.isOpen()).isTrue();
    }
  }
}
