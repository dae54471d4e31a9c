package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Machines;
import dev.carafe.machine.TerminalSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every engine does alike, on real machines. One machine runs for the whole class; tests about
 * a machine's life make their own. Guests have the default image: a Debian.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class MachinesContract {
  @TempDir Path temp;
  private Machines machines;
  Machine shared;
  private final List<Machine> made = new ArrayList<>();

  /** Opens the engine under test. */
  abstract Machines open() throws IOException;

  @BeforeAll
  void startOne() throws IOException {
    machines = open();
    MachineSpec spec =
        named().toBuilder()
            .env(Map.of("MACHINE", "machine", "BOTH", "machine"))
            .directory("/usr")
            .build();
    shared = machines.create(spec);
    shared.start();
  }

  @AfterEach
  void deleteWhatWasMade() {
    for (Machine machine : made) {
      if (machines.find(machine.name()).isPresent()) {
        machine.delete();
      }
    }
    made.clear();
  }

  @AfterAll
  void deleteIt() {
    if (shared != null) {
      shared.delete();
    }
    if (machines != null) {
      machines.close();
    }
  }

  @Test
  void aMachineThatWasMadeIsFoundAndListed() {
    Machine machine = create(named().toBuilder().cpus(1).memoryMib(512).build());
    Machine found = machines.find(machine.name()).orElseThrow();
    assertThat(found.name()).isEqualTo(machine.name());
    assertThat(found.spec().cpus()).isEqualTo(1);
    assertThat(found.spec().memoryMib()).isEqualTo(512);
    assertThat(found.status().state()).isEqualTo(State.CREATED);
    assertThat(machines.list())
        .extracting(Machine::name)
        .contains(machine.name(), shared.name())
        .isSorted();
  }

  @Test
  void aNameCanBeTakenOnlyOnce() {
    Machine machine = create(named());
    fails(ErrorCode.ALREADY_EXISTS, () -> machines.create(MachineSpec.named(machine.name())));
    assertThat(machines.find(machine.name())).isPresent();
  }

  @Test
  void ofManyWhoMakeOneNameAtOnceOneSucceeds() throws Exception {
    MachineSpec spec = named();
    List<Object> outcomes = atOnce(4, () -> outcome(() -> create(spec)));
    assertThat(outcomes)
        .filteredOn(outcome -> outcome instanceof Machine)
        .as("winners among %s", outcomes)
        .hasSize(1);
    assertThat(outcomes)
        .filteredOn(outcome -> outcome instanceof MachineException)
        .allSatisfy(
            outcome ->
                assertThat(((MachineException) outcome).code())
                    .isEqualTo(ErrorCode.ALREADY_EXISTS));
  }

  @Test
  void aNameThatNobodyHasIsNotFound() {
    assertThat(machines.find("contract-nobody")).isEmpty();
    fails(ErrorCode.NOT_FOUND, () -> machines.get("contract-nobody"));
  }

  @Test
  void inAMachineThatIsNotRunningNothingRuns() {
    Machine machine = create(named());
    fails(ErrorCode.STATE, () -> machine.run(ExecSpec.of("true")));
    assertThat(machine.stop()).isFalse();
  }

  @Test
  void aMachineIsStartedOnceStoppedOnceAndKeepsItsDisk() {
    Machine machine = create(named());
    assertThat(machine.start()).isTrue();
    assertThat(machine.start()).isFalse();
    assertThat(machine.status().running()).isTrue();
    assertThat(machine.status().pid()).isPresent();
    machine.run(ExecSpec.shell("echo kept > /var/tmp/file"));
    assertThat(machine.stop()).isTrue();
    assertThat(machine.stop()).isFalse();
    assertThat(machine.status().state()).isEqualTo(State.STOPPED);
    assertThat(machines.get(machine.name()).start()).isTrue();
    assertThat(machine.run(ExecSpec.of("cat", "/var/tmp/file")).out()).isEqualTo("kept\n");
  }

  @Test
  void aRunningMachineIsDeletedAndGone() throws Exception {
    Machine machine = create(named());
    machine.start();
    long pid = machine.status().pid().orElseThrow();
    machine.delete();
    assertThat(machines.find(machine.name())).isEmpty();
    awaitEnd(pid);
    fails(ErrorCode.NOT_FOUND, machine::status);
    fails(ErrorCode.NOT_FOUND, machine::start);
    fails(ErrorCode.NOT_FOUND, machine::delete);
  }

  @Test
  void aStoppedMachineIsChangedAndARunningOneIsNot() {
    Machine machine = create(named().toBuilder().cpus(1).build());
    machine.update(machine.spec().toBuilder().cpus(2).build());
    assertThat(machines.get(machine.name()).spec().cpus()).isEqualTo(2);
    machine.start();
    assertThat(machine.run(ExecSpec.of("nproc")).out()).isEqualTo("2\n");
    fails(ErrorCode.STATE, () -> machine.update(machine.spec().toBuilder().cpus(1).build()));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 42, 125, 200, 255})
  void theExitCodeIsTheCommands(int code) {
    ExecResult result = shared.run(ExecSpec.shell("exit " + code));
    assertThat(result.exitCode()).isEqualTo(code);
    assertThat(result.stdout()).isEmpty();
    assertThat(result.stderr()).isEmpty();
  }

  @Test
  void aCommandThatAKindOfErrorMessageEndsIsAResultToo() {
    ExecResult result = shared.run(ExecSpec.shell("echo 'Error: of my own' >&2; exit 1"));
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("Error: of my own\n");
  }

  @Test
  void aSignalIs128AndItsNumber() {
    assertThat(shared.run(ExecSpec.shell("kill -KILL $$")).exitCode()).isEqualTo(137);
    assertThat(shared.run(ExecSpec.shell("kill -TERM $$")).exitCode()).isEqualTo(143);
  }

  @Test
  void aProgramThatIsNotThereIs127() {
    assertThat(shared.run(ExecSpec.of("no-such-program")).exitCode()).isEqualTo(127);
  }

  @Test
  void aCommandThatTakesTooLongIs124AndTheMachineGoesOn() {
    ExecSpec spec = ExecSpec.of("sleep", "250").withTimeout(Duration.ofSeconds(2));
    assertThat(shared.run(spec).exitCode()).isEqualTo(124);
    assertThat(shared.run(ExecSpec.of("true")).exitCode()).isZero();
  }

  @Test
  void outputAndErrorsAreApart() {
    ExecResult result = shared.run(ExecSpec.shell("echo out; echo err >&2"));
    assertThat(result.out()).isEqualTo("out\n");
    assertThat(result.err()).isEqualTo("err\n");
  }

  @Test
  void argumentsArriveAsTheyAre() {
    List<String> odd = List.of("", " a  b ", "$HOME", "'\"\\", "-e", "--", "é\n", "*");
    List<String> argv = new ArrayList<>(List.of("printf", "[%s]"));
    argv.addAll(odd);
    StringBuilder expected = new StringBuilder();
    odd.forEach(argument -> expected.append("[" + argument + "]"));
    assertThat(shared.run(ExecSpec.of(argv)).out()).isEqualTo(expected.toString());
  }

  @Test
  void aCommandsVariablesWinOverTheMachines() {
    ExecSpec spec = ExecSpec.shell("echo $MACHINE $BOTH $EXEC");
    assertThat(shared.run(spec).out()).isEqualTo("machine machine\n");
    assertThat(shared.run(spec.withEnv("BOTH", "exec").withEnv("EXEC", "a b")).out())
        .isEqualTo("machine exec a b\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PATH", "HOME", "LANG", "LD_SOMETHING", "JAVA_TOOL_OPTIONS", "EMPTY"})
  void anyVariableCanBeGiven(String name) {
    String value = name.equals("EMPTY") ? "" : "/opt/$x:/bin:/usr/bin";
    ExecSpec spec = ExecSpec.of("/usr/bin/env").withEnv(name, value);
    assertThat(shared.run(spec).out().lines()).contains(name + "=" + value);
  }

  @Test
  void aCommandsDirectoryWinsOverTheMachines() {
    assertThat(shared.run(ExecSpec.of("pwd")).out()).isEqualTo("/usr\n");
    assertThat(shared.run(ExecSpec.of("pwd").withDirectory("/etc")).out()).isEqualTo("/etc\n");
  }

  @Test
  void aCommandRunsAsWhomItShould() {
    assertThat(shared.run(ExecSpec.of("id", "-un")).out()).isEqualTo("root\n");
    ExecSpec spec = ExecSpec.shell("id -un; id -gn; echo $USER").withUser("nobody");
    assertThat(shared.run(spec).out()).isEqualTo("nobody\nnogroup\nnobody\n");
  }

  @Test
  void withoutInputACommandReadsNothing() {
    assertThat(shared.run(ExecSpec.of("cat")).out()).isEmpty();
  }

  @Test
  void whatIsWrittenIsReadAndClosingIsTheEnd() throws Exception {
    byte[] bytes = new byte[3_000_000];
    new java.util.Random(3).nextBytes(bytes);
    try (Execution execution = shared.exec(ExecSpec.of("cat").withInput())) {
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (var stdin = execution.stdin()) {
                      stdin.write(bytes);
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      assertThat(execution.stdout().readAllBytes()).isEqualTo(bytes);
      writer.join();
      assertThat(execution.await()).isZero();
    }
  }

  @Test
  void anAnswerComesBeforeTheInputEnds() throws Exception {
    try (Execution execution = shared.exec(ExecSpec.of("cat").withInput())) {
      for (int i = 0; i < 3; i++) {
        execution.stdin().write("ping\n".getBytes(StandardCharsets.UTF_8));
        execution.stdin().flush();
        assertThat(execution.stdout().readNBytes(5)).isEqualTo("ping\n".getBytes());
      }
    }
  }

  @Test
  void everyByteArrivesAsItWas() {
    String every = "for i in $(seq 0 255); do printf \"\\\\$(printf %03o $i)\"; done";
    byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    assertThat(shared.run(ExecSpec.shell(every)).stdout()).isEqualTo(bytes);
  }

  @Test
  void muchOutputOnBothStreamsArrivesWhole() {
    int size = 20 << 20;
    ExecResult result =
        shared.run(
            ExecSpec.shell(
                "head -c %1$d /dev/zero & head -c %1$d /dev/zero >&2; wait".formatted(size)));
    assertThat(result.exitCode()).isZero();
    assertThat(Arrays.equals(result.stdout(), new byte[size])).isTrue();
    assertThat(Arrays.equals(result.stderr(), new byte[size])).isTrue();
  }

  @Test
  void oneStreamMayWaitWhileTheOtherIsRead() throws Exception {
    ExecSpec spec = ExecSpec.shell("head -c 100000 /dev/zero >&2; head -c 2000000 /dev/zero");
    try (Execution execution = shared.exec(spec)) {
      assertThat(execution.stdout().readAllBytes()).hasSize(2_000_000);
      assertThat(execution.await()).isZero();
      assertThat(execution.stderr().readAllBytes()).hasSize(100_000);
    }
  }

  @Test
  void manyCommandsRunAtOnce() throws Exception {
    List<String> all =
        atOnce(6, () -> shared.run(ExecSpec.shell("sleep 1; echo $$")).out().strip());
    assertThat(all).doesNotContain("").doesNotHaveDuplicates();
    assertThat(shared.status().running()).isTrue();
  }

  @Test
  void aTerminalHasItsSize() throws Exception {
    ExecSpec spec =
        ExecSpec.shell("test -t 0 && test -t 1 && stty size; exit 7")
            .withTerminal(new TerminalSize(33, 99));
    try (Execution execution = shared.exec(spec)) {
      String seen = new String(execution.stdout().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(seen).contains("33 99");
      assertThat(execution.await()).isEqualTo(7);
    }
  }

  @Test
  void aFileGoesInAndComesOutAsItWas() throws Exception {
    byte[] bytes = new byte[2_500_000];
    new java.util.Random(4).nextBytes(bytes);
    Path file = Files.write(temp.resolve("program"), bytes);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
    shared.copyIn(file, "/var/tmp/new/place/program");
    assertThat(
            shared.run(ExecSpec.of("stat", "-c", "%a %u %g", "/var/tmp/new/place/program")).out())
        .isEqualTo("750 0 0\n");
    shared.copyOut("/var/tmp/new/place/program", temp.resolve("back"));
    assertThat(temp.resolve("back")).hasBinaryContent(bytes);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve("back"))))
        .isEqualTo("rwxr-x---");
  }

  @Test
  void anOwnerAndAModeAreGivenWhenAskedFor() throws Exception {
    Path file = Files.writeString(temp.resolve("owned"), "x");
    CopyOptions options = CopyOptions.DEFAULT.withOwner(1234, 2345).withMode(0640);
    shared.copyIn(file, "/var/tmp/owned", options);
    assertThat(shared.run(ExecSpec.of("stat", "-c", "%a %u %g", "/var/tmp/owned")).out())
        .isEqualTo("640 1234 2345\n");
  }

  @Test
  void aTreeGoesInAndComesOutAsItWas() throws Exception {
    Path tree = Files.createDirectories(temp.resolve("tree/sub/empty")).getParent().getParent();
    Files.writeString(tree.resolve("sub/file"), "file");
    Files.createSymbolicLink(tree.resolve("link"), Path.of("sub/file"));
    Files.createSymbolicLink(tree.resolve("dangling"), Path.of("/no/where"));
    Files.createLink(tree.resolve("second"), tree.resolve("sub/file"));
    Files.writeString(tree.resolve("é 'odd' name"), "");
    shared.copyIn(tree, "/var/tmp/tree");
    shared.copyOut("/var/tmp/tree", temp.resolve("out"));
    Path out = temp.resolve("out");
    assertThat(out.resolve("sub/file")).hasContent("file");
    assertThat(out.resolve("sub/empty")).isEmptyDirectory();
    assertThat(Files.readSymbolicLink(out.resolve("link"))).isEqualTo(Path.of("sub/file"));
    assertThat(Files.readSymbolicLink(out.resolve("dangling"))).isEqualTo(Path.of("/no/where"));
    assertThat(Files.getAttribute(out.resolve("second"), "unix:ino"))
        .isEqualTo(Files.getAttribute(out.resolve("sub/file"), "unix:ino"));
    assertThat(out.resolve("é 'odd' name")).exists();
  }

  @Test
  void whatIsThereIsMergedAndReplaced() throws Exception {
    Path tree = Files.createDirectories(temp.resolve("merge"));
    Files.writeString(tree.resolve("file"), "new");
    shared.run(
        ExecSpec.shell(
            "mkdir -p /var/tmp/merge; cd /var/tmp/merge; echo old > file; echo > other"));
    shared.copyIn(tree, "/var/tmp/merge");
    assertThat(shared.run(ExecSpec.shell("cd /var/tmp/merge; cat file; ls")).out())
        .isEqualTo("newfile\nother\n");
  }

  @Test
  void copyingIntoADirectoryKeepsTheLastName() throws Exception {
    Path file = Files.writeString(temp.resolve("named"), "x");
    shared.copyIn(file, "/var/tmp", CopyOptions.DEFAULT.withIntoDirectory());
    assertThat(shared.run(ExecSpec.of("cat", "/var/tmp/named")).out()).isEqualTo("x");
    Path into = Files.createDirectory(temp.resolve("into"));
    shared.copyOut("/var/tmp/named", into, CopyOptions.DEFAULT.withIntoDirectory());
    assertThat(into.resolve("named")).hasContent("x");
  }

  @Test
  void whatIsNotThereCannotBeCopied() {
    fails(ErrorCode.COPY, () -> shared.copyOut("/no/such/file", temp.resolve("none")));
    assertThat(Files.exists(temp.resolve("none"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    fails(ErrorCode.COPY, () -> shared.copyIn(temp.resolve("none"), "/var/tmp/none"));
  }

  private static MachineSpec named() {
    return MachineSpec.named("contract-" + MachineSpec.randomName());
  }

  private Machine create(MachineSpec spec) {
    Machine machine = machines.create(spec);
    synchronized (made) {
      made.add(machine);
    }
    return machine;
  }

  private static Object outcome(Callable<Object> call) throws Exception {
    try {
      return call.call();
    } catch (MachineException e) {
      return e;
    }
  }

  private static <T> List<T> atOnce(int count, Callable<T> call) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        futures.add(threads.submit(call));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    }
  }

  private static void awaitEnd(long pid) throws Exception {
    var handle = ProcessHandle.of(pid);
    if (handle.isPresent()) {
      handle.get().onExit().get(1, TimeUnit.MINUTES);
    }
  }

  private static void fails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }
}
