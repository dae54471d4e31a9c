package dev.carafe.machine.smolvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.TerminalSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against a program that behaves like smolvm. A hang is a failure. */
@Timeout(60)
class SmolvmTest {
  private static final String SECRET = "correct-horse-battery";

  @TempDir Path temp;

  @Test
  void theProgramIsLookedForInThePathItWasGiven() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    assertThat(fake.client().isAvailable()).isTrue();
    assertThat(new Smolvm("smolvm", Map.of("PATH", "/nonexistent")).isAvailable()).isFalse();
    assertThat(new Smolvm("smolvm", Map.of()).isAvailable()).isFalse();
    assertThat(new Smolvm(temp.resolve("bin/smolvm").toString(), Map.of()).isAvailable()).isTrue();
    assertThat(new Smolvm(temp.toString(), Map.of()).isAvailable()).isFalse();
    assertThat(fake.calls()).isEmpty();
  }

  @Test
  void aMissingProgramIsASentence() {
    fails(
        ErrorCode.HOST,
        () -> new Smolvm("smolvm", Map.of("PATH", "/nonexistent")).machineList(),
        "there is no program 'smolvm' in PATH");
  }

  @Test
  void theReleaseIsAskedOnce() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    Smolvm smolvm = fake.client();
    smolvm.machineList();
    smolvm.machineList();
    assertThat(fake.calls()).containsExactly("--version", "machine ls --json", "machine ls --json");
  }

  @Test
  void aReleaseThatIsTooOldOrNoneIsRefused() throws Exception {
    fails(
        ErrorCode.UNSUPPORTED,
        () -> new FakeSmolvm(temp, "0.7.9").client().version(),
        "releases from 0.8.0 on");
    fails(
        ErrorCode.ENGINE,
        () -> new FakeSmolvm(temp, "unknown").client().version(),
        "did not print 'smolvm X.Y.Z'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.8.0", "1.0.1", "1.0.2", "1.9.3"})
  void aMachineLivesAndDiesInBothDialects(String release) throws Exception {
    SmolvmMachines machines = new SmolvmMachines(new FakeSmolvm(temp, release).client());
    Machine machine = machines.create(MachineSpec.builder("web").cpus(3).build());
    assertThat(machine.status().state()).isEqualTo(State.CREATED);
    assertThat(machine.status().created()).isEqualTo(Instant.ofEpochSecond(1_764_000_000));
    assertThat(machine.start()).isTrue();
    assertThat(machine.start()).isFalse();
    assertThat(machine.status().pid()).hasValue(7);
    assertThat(machine.run(ExecSpec.of("echo", "hello")).out()).isEqualTo("hello\n");
    assertThat(machine.stop()).isTrue();
    assertThat(machine.stop()).isFalse();
    machine.update(machine.spec().toBuilder().cpus(2).build());
    assertThat(machines.get("web").spec().cpus()).isEqualTo(2);
    assertThat(machine.directory()).isEqualTo(temp.resolve("machines/web"));
    machines.create(MachineSpec.named("app"));
    assertThat(machines.list()).extracting(Machine::name).containsExactly("app", "web");
    machine.delete();
    assertThat(machines.find("web")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.8.0", "1.9.3"})
  void everyVerbOfTheClientRuns(String release) throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, release);
    Smolvm smolvm = fake.client();
    smolvm.packCreate("alpine:latest", temp.resolve("app"));
    smolvm.machineCreate("web", SmolvmCreate.builder().allowCidr("10.0.0.1/32").build());
    smolvm.machineStart("web");
    assertThat(smolvm.machineStatus("web").state()).isEqualTo(State.RUNNING);
    assertThat(smolvm.machineExec("web", ExecSpec.of("true")).exitCode()).isZero();
    smolvm.machineStop("web");
    smolvm.machineDelete("web");
    assertThat(smolvm.machineList()).isEmpty();
    assertThat(fake.calls())
        .contains("pack create --image alpine:latest -o " + temp.resolve("app"))
        .anyMatch(call -> call.endsWith("web --net --allow-cidr 10.0.0.1/32"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.8.0", "1.9.3"})
  void whatIsNotThereAndWhatIsThereAlreadyHaveCodes(String release) throws Exception {
    Smolvm smolvm = new FakeSmolvm(temp, release).client();
    smolvm.machineCreate("web", SmolvmCreate.builder().build());
    fails(
        ErrorCode.ALREADY_EXISTS,
        () -> smolvm.machineCreate("web", SmolvmCreate.builder().build()),
        "machine 'web' already exists");
    fails(ErrorCode.NOT_FOUND, () -> smolvm.machineStart("none"), "vm not found: none");
    fails(ErrorCode.NOT_FOUND, () -> smolvm.machineStop("none"), "vm not found: none");
    fails(ErrorCode.NOT_FOUND, () -> smolvm.machineDelete("none"), "vm not found: none");
    fails(ErrorCode.NOT_FOUND, () -> smolvm.machineStatus("none"), "vm not found: none");
    fails(
        ErrorCode.NOT_FOUND,
        () -> smolvm.machineExec("none", ExecSpec.of("true")),
        "vm not found: none");
    fails(ErrorCode.STATE, () -> smolvm.machineExec("web", ExecSpec.of("true")), "is not running");
  }

  @Test
  void oldReleasesAreToldToStopAMachineBeforeItIsDeleted() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "0.8.0");
    Smolvm smolvm = fake.client();
    smolvm.machineCreate("web", SmolvmCreate.builder().build());
    smolvm.machineStart("web");
    smolvm.machineDelete("web");
    assertThat(fake.calls()).endsWith("machine stop --name web", "machine delete web -f");
  }

  @Test
  void anAllowListThatWouldBeDroppedIsRefusedBeforeAnythingIsRun() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "0.8.0");
    fails(
        ErrorCode.UNSUPPORTED,
        () ->
            fake.client()
                .machineCreate(
                    "web",
                    SmolvmCreate.builder()
                        .from(Path.of("/p.smolmachine"))
                        .allowCidr("10.0.0.1/32")
                        .build()),
        "drops the allow-list");
    assertThat(fake.calls()).containsExactly("--version");
  }

  @Test
  void aValueIsForwardedThroughTheEnvironmentAndOnNoArgumentList() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "0.8.0");
    Smolvm smolvm = fake.client();
    smolvm.machineCreate("web", SmolvmCreate.builder().env(Map.of("TOKEN", SECRET)).build());
    assertThat(fake.lastEnvironment()).contains("TOKEN=" + SECRET);
    assertThat(fake.lastCommandLine()).contains("\n-e\nTOKEN\n").doesNotContain(SECRET);

    smolvm.machineStart("web");
    assertThat(fake.lastEnvironment()).doesNotContain(SECRET);

    ExecSpec spec = ExecSpec.shell("echo $TOKEN $LD_SOME; echo ${_GUEST_VALUE_1:-none}");
    ExecResult result =
        smolvm.machineExec("web", spec.withEnv("TOKEN", SECRET).withEnv("LD_SOME", "path"));
    assertThat(result.out()).isEqualTo(SECRET + " path\nnone\n");
    assertThat(fake.calls().getLast()).doesNotContain(SECRET).doesNotContain("LD_SOME=path");
  }

  @Test
  void aFailureShowsTheArgumentsTheExitCodeAndWhatWasSaidButNoValue() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    Smolvm smolvm = fake.client();
    fake.answer(1, "Error: storage operation failed: write TOKEN=" + SECRET + ": no space left\n");
    assertThatThrownBy(
            () ->
                smolvm.machineCreate(
                    "web",
                    SmolvmCreate.builder()
                        .env(Map.of("TOKEN", SECRET))
                        .env(Map.of("PATH", "/opt/a:/bin"))
                        .build()))
        .isInstanceOfSatisfying(
            MachineException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.STORAGE);
              assertThat(e.exitCode()).hasValue(1);
              assertThat(e.said())
                  .isEqualTo("Error: storage operation failed: write TOKEN=***: no space left");
              assertThat(e.argv())
                  .startsWith("smolvm", "machine", "create", "--name", "web")
                  .contains("TOKEN", "PATH=***");
              assertThat(e).hasMessageNotContaining(SECRET).hasMessageNotContaining("/opt/a");
            });
  }

  @ParameterizedTest
  @CsvSource({
    "1, vm creation failed: no memory, ENGINE",
    "1, hypervisor not available: none, HOST",
    "1, kvm not available: /dev/kvm, HOST",
    "1, mount source not found: /x, INVALID",
    "1, invalid mount path: /etc, INVALID",
    "1, io operation failed: disk, STORAGE",
    "1, database not available: locked, STORAGE",
    "1, agent operation failed: pull: manifest unknown, IMAGE",
    "1, agent operation failed: ping: gone, GUEST",
    "1, host port 80 is already in use by running machine 'x', STATE",
    "1, 'init[0] failed (exit 3): no', GUEST",
    "1, something new, ENGINE",
  })
  void theFirstWordsOfAnErrorDecideItsKind(int exit, String text, ErrorCode code) throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    fake.answer(exit, "Pulling...\nError: " + text + "\n");
    fails(code, () -> fake.client().machineStart("web"), text);
  }

  @Test
  void aUsageErrorIsAWrongValueOrAnUnknownOption() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    fake.answer(2, "error: invalid value 'x' for '--allow-cidr <CIDR>'\n");
    fails(ErrorCode.INVALID, () -> fake.client().machineStart("web"), "invalid value");
    fake.answer(2, "error: unexpected argument '--label' found\n\nUsage: smolvm machine\n");
    fails(ErrorCode.UNSUPPORTED, () -> fake.client().machineStart("web"), "--label");
  }

  @Test
  void anAnswerThatIsNoJsonIsAnError() {
    for (String answer :
        List.of("", "No machines found", "[{}]", "[{\"name\":\"a\"}", "[1]", "[]x")) {
      assertThat(SmolvmListing.parse(answer.getBytes(StandardCharsets.UTF_8))).as(answer).isEmpty();
    }
    assertThat(SmolvmListing.parse("[]".getBytes(StandardCharsets.UTF_8))).contains(List.of());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 100, 124, 125, 126, 127, 128, 129, 137, 255})
  void anExitCodeOfTheGuestIsAResult(int code) throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.shell("echo out; echo 'Error: my own affair' >&2; exit " + code);
    ExecResult result = smolvm.machineExec("web", spec);
    assertThat(result.exitCode()).isEqualTo(code);
    assertThat(result.out()).isEqualTo("out\n");
    assertThat(result.err()).isEqualTo("Error: my own affair\n");
  }

  @ParameterizedTest
  @CsvSource({
    "1, Error: agent operation failed: vm exec: broken, GUEST",
    "129, Error: agent operation failed: connection closed, LOST",
    "124, Error: agent operation failed: connection closed, LOST",
    "1, Error: database operation failed: x: y, STORAGE",
  })
  void aFailureOfSmolvmItselfIsAnException(int exit, String line, ErrorCode code) throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    fake.answer(exit, "some output of the command\n" + line + "\n");
    fails(
        code,
        () -> fake.client().machineExec("web", ExecSpec.of("true")),
        line.substring("Error: ".length()));
  }

  @Test
  void aProgramThatIsNotThereIsExitCode127() throws Exception {
    Smolvm smolvm = running("0.8.0");
    assertThat(smolvm.machineExec("web", ExecSpec.of("no-such-program")).exitCode()).isEqualTo(127);
    try (Execution execution =
        smolvm.machineExecution("web", ExecSpec.of("no-such-program"), Optional.empty())) {
      assertThat(execution.await()).isEqualTo(127);
      assertThat(execution.message()).contains("failed to spawn command 'no-such-program'");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 'crun: executable file `x` not found in $PATH: No such file or directory', 127",
    "126, 'crun: open executable: Permission denied', 126",
    "127, 'sh: 1: x: not found', 127",
  })
  void whatAContainerSaysOfAProgramThatIsNotThere(int exit, String line, int code) {
    assertThat(SmolvmErrors.ofExec(exit, line).exitCode()).isEqualTo(code);
    assertThat(SmolvmErrors.ofExec(exit, line).error()).isEmpty();
  }

  @Test
  void bothStreamsMayBeFloodedAndArriveExact() throws Exception {
    Smolvm smolvm = running("0.8.0");
    // 30 MiB each, more than 0.8.0 keeps of a command that does not stream.
    String flood =
        "head -c 31457280 /dev/zero | tr '\\0' o & head -c 31457280 /dev/zero | tr '\\0' e >&2; wait";
    ExecResult result = smolvm.machineExec("web", ExecSpec.shell(flood));
    assertThat(result.out()).isEqualTo("o".repeat(31_457_280));
    assertThat(result.err()).isEqualTo("e".repeat(31_457_280));
  }

  @Test
  void bytesThatAreNoTextArriveExact() throws Exception {
    byte[] random = new byte[1 << 20];
    new java.util.Random(1).nextBytes(random);
    Path file = Files.write(temp.resolve("random"), random);
    assertThat(running("1.9.3").machineExec("web", ExecSpec.of("cat", file.toString())).stdout())
        .isEqualTo(random);
  }

  @Test
  void oneStreamCanBeReadBeforeTheOther() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.shell("head -c 200000 /dev/zero >&2; head -c 5000000 /dev/zero");
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      assertThat(execution.stdout().readAllBytes()).hasSize(5_000_000);
      assertThat(execution.await()).isZero();
      assertThat(execution.stderr().readAllBytes()).hasSize(200_000);
    }
  }

  @Test
  void outputThatNobodyReadsIsKeptUntilItIsReadOrDropped() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.shell("head -c 250000 /dev/zero; exit 5");
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      assertThat(execution.await()).isEqualTo(5);
      assertThat(execution.stdout().readAllBytes()).hasSize(250_000);
    }
  }

  @Test
  void aCommandWhoseOutputNobodyReadsWaitsAndIsEndedByClosing() throws Exception {
    Smolvm smolvm = running("1.9.3");
    Path pid = temp.resolve("pid");
    ExecSpec spec = ExecSpec.shell("echo $$ > '" + pid + "'; exec cat /dev/zero");
    Execution execution = smolvm.machineExecution("web", spec, Optional.empty());
    assertThat(execution.stdout().read()).isZero();
    assertThat(execution.await(Duration.ofMillis(50))).isEmpty();
    execution.close();
    execution.close();
    assertThat(ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))).isEmpty();
    assertThatThrownBy(() -> execution.stdout().read()).isInstanceOf(IOException.class);
  }

  @Test
  void whatIsWrittenReachesTheCommandAndClosingIsItsEnd() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.of("cat").withInput();
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      execution.stdin().write("ping\n".getBytes(StandardCharsets.UTF_8));
      assertThat(execution.stdout().readNBytes(5)).isEqualTo("ping\n".getBytes());
      byte[] much = new byte[5_000_000];
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (var stdin = execution.stdin()) {
                      stdin.write(much);
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      assertThat(execution.stdout().readAllBytes()).isEqualTo(much);
      writer.join();
      assertThat(execution.await()).isZero();
    }
  }

  @Test
  void withoutInputTheCommandReadsNothing() throws Exception {
    Smolvm smolvm = running("1.9.3");
    try (Execution execution =
        smolvm.machineExecution("web", ExecSpec.of("cat"), Optional.empty())) {
      assertThatThrownBy(() -> execution.stdin().write(1)).isInstanceOf(IOException.class);
      assertThat(execution.await()).isZero();
    }
  }

  @Test
  void aTimeLimitIsSmolvmsAffairAndExitCode124() throws Exception {
    ExecSpec spec = ExecSpec.of("sleep", "50").withTimeout(Duration.ofMillis(1000));
    assertThat(running("1.9.3").machineExec("web", spec).exitCode()).isEqualTo(124);
  }

  @Test
  void aTerminalHasTheSizeThatWasAskedForAndFollows() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec =
        ExecSpec.shell(
                "stty -echo; stty size; trap 'stty size; test \"$(stty size)\" != \"44 111\" || exit 9' WINCH; echo ready;"
                    + " while :; do read line; done")
            .withTerminal(new TerminalSize(33, 99));
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      StringBuilder seen = new StringBuilder();
      while (seen.indexOf("ready") < 0) {
        seen.append((char) execution.stdout().read());
      }
      assertThat(seen).contains("33 99");
      execution.resize(44, 111);
      String rest = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(rest).contains("44 111");
      assertThat(execution.await()).isEqualTo(9);
      assertThat(execution.stderr().readAllBytes()).isEmpty();
    }
  }

  @Test
  void anErrorOnATerminalIsStillSmolvms() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.of("true").withTerminal(new TerminalSize(24, 80));
    smolvm.machineStop("web");
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      fails(ErrorCode.STATE, execution::await, "is not running");
    }
  }

  @Test
  void closingATerminalLeavesNoProcess() throws Exception {
    Smolvm smolvm = running("1.9.3");
    Path pid = temp.resolve("pid");
    ExecSpec spec =
        ExecSpec.shell("trap '' HUP; echo $$ > '" + pid + "'; echo up; exec sleep 1000")
            .withTerminal(new TerminalSize(24, 80));
    Execution execution = smolvm.machineExecution("web", spec, Optional.empty());
    while (execution.stdout().read() != 'p') {
      // Waits for the word "up".
    }
    long guest = Long.parseLong(Files.readString(pid).strip());
    execution.close();
    awaitEnd(guest);
    assertThat(ProcessHandle.of(guest)).isEmpty();
  }

  @Test
  void aDetachedCommandHasAProcessIdAndGoesOn() throws Exception {
    Smolvm smolvm = running("1.9.3");
    Path done = temp.resolve("done");
    ExecSpec spec = ExecSpec.of("touch", done.toString()).asDetached();
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      OptionalInt pid = execution.guestPid();
      assertThat(pid).isPresent();
      assertThat(execution.await()).isZero();
      awaitEnd(pid.getAsInt());
      assertThat(done).exists();
    }
    Smolvm old = running("1.2.9");
    fails(
        ErrorCode.UNSUPPORTED,
        () -> old.machineExecution("web", spec, Optional.empty()),
        "no detached commands");
  }

  @Test
  void aSignalIsRefusedAndIgnoredWhenTheCommandHasEnded() throws Exception {
    Smolvm smolvm = running("1.9.3");
    ExecSpec spec = ExecSpec.of("cat").withInput();
    try (Execution execution = smolvm.machineExecution("web", spec, Optional.empty())) {
      fails(ErrorCode.UNSUPPORTED, () -> execution.signal(15), "cannot send signals");
      execution.stdin().close();
      execution.await();
      execution.signal(15);
    }
  }

  @Test
  void anInterruptedCallEndsItsProcess() throws Exception {
    Smolvm smolvm = running("1.9.3");
    Path pid = temp.resolve("pid");
    java.nio.file.Files.createFile(pid);
    var spec = ExecSpec.shell("echo $$ > '" + pid + "'; echo up; exec sleep 1000");
    var failure = new AtomicReference<Throwable>();
    CountDownLatch up = new CountDownLatch(1);
    Thread caller =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Execution execution =
                      smolvm.machineExecution("web", spec, Optional.empty())) {
                    execution.stdout().read();
                    up.countDown();
                    execution.await();
                  } catch (MachineException | IOException e) {
                    failure.set(e);
                  }
                });
    up.await();
    caller.interrupt();
    caller.join();
    assertThat(failure.get())
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOST));
    long guest = Long.parseLong(Files.readString(pid).strip());
    awaitEnd(guest);
  }

  @Test
  void whatAMachineCannotBeIsRefusedBeforeAnythingIsRun() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "0.8.0");
    SmolvmMachines machines = new SmolvmMachines(fake.client());
    MachineSpec spec = MachineSpec.named("web");
    for (MachineSpec impossible :
        List.of(
            spec.toBuilder().ephemeral(true).build(),
            spec.toBuilder().user("node").build(),
            spec.toBuilder().labels(Map.of("a", "b")).build(),
            spec.toBuilder().workload(List.of("x")).build(),
            spec.toBuilder().image("oci:/layout").build(),
            spec.toBuilder().image("tar:/root.tar").build())) {
      assertThatThrownBy(() -> machines.create(impossible))
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED));
    }
    assertThat(fake.calls()).containsOnly("--version");
  }

  @Test
  void theDefaultUserOfAMachineIsFoundAgain() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    SmolvmMachines machines = new SmolvmMachines(fake.client());
    machines.create(MachineSpec.builder("web").user("node").build());
    MachineSpec found = machines.get("web").spec();
    assertThat(found.user()).contains("node");
    assertThat(found.labels()).isEmpty();
    assertThat(found.workload()).containsExactly("a", "b");
  }

  @ParameterizedTest
  @CsvSource({
    "debian:12, --image debian:12",
    "docker://debian:12, --image debian:12",
    "registry.example:5000/a/b@sha256:00, --image registry.example:5000/a/b@sha256:00",
    "docker-archive:/a.tar, --image /a.tar",
    "dir:/root, --image /root/",
    "/p/app.smolmachine, --from /p/app.smolmachine",
  })
  void anImageIsNamedInSmolvmsWords(String reference, String option) throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    new SmolvmMachines(fake.client()).create(MachineSpec.builder("web").image(reference).build());
    assertThat(fake.calls().getLast()).contains(" " + option + " ");
  }

  @Test
  void anEmptySideMeansThatThereIsNothingToCopy() throws Exception {
    FakeSmolvm fake = new FakeSmolvm(temp, "1.9.3");
    Smolvm smolvm = fake.client();
    smolvm.machineCp("", "web:/x");
    smolvm.machineCp("/x", "");
    assertThat(fake.calls()).isEmpty();
    Path file = Files.writeString(temp.resolve("file"), "content");
    smolvm.machineCp(file.toString(), "web:" + temp.resolve("copy"));
    assertThat(temp.resolve("copy")).hasContent("content");
  }

  @Test
  void aProgramThatLeavesItsPipesToAnotherDoesNotHangUs() throws Exception {
    Path program = temp.resolve("smolvm");
    Path pid = temp.resolve("pid");
    Files.writeString(
        program, "#!/bin/sh\nsleep 1000 & echo $! > '" + pid + "'\necho 'smolvm 1.9.3'\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      Smolvm smolvm = new Smolvm(program.toString(), Map.of("PATH", System.getenv("PATH")));
      assertThat(smolvm.version()).isEqualTo(new SmolvmVersion(1, 9, 3));
    } finally {
      ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
          .ifPresent(ProcessHandle::destroy);
    }
  }

  private Smolvm running(String release) throws IOException {
    Smolvm smolvm = new FakeSmolvm(temp, release).client();
    if (smolvm.machineList().isEmpty()) {
      smolvm.machineCreate("web", SmolvmCreate.builder().build());
      smolvm.machineStart("web");
    }
    return smolvm;
  }

  private static void awaitEnd(long pid) throws Exception {
    var handle = ProcessHandle.of(pid);
    if (handle.isPresent()) {
      handle.get().onExit().get(1, TimeUnit.MINUTES);
    }
  }

  private static void fails(ErrorCode code, ThrowingCallable call, String says) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MachineException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(says);
  }
}
