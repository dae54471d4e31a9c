package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.SidecarSpec;
import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MachineVerbsTest {
  @Test
  void createPrintsWhatSmolvmPrints() {
    assertThat(Caller.smolvm().call("machine", "create", "--image", "debian:12", "web"))
        .isEqualTo(
            new Outcome(
                0,
                """
                Created machine: web
                  CPUs: 4, Memory: 8192 MiB

                Use 'smolvm machine start --name web' to start the machine
                Then use 'smolvm machine exec --name web -- <command>' to run commands
                """,
                ""));
  }

  @Test
  void createUnderOurNameIsSmallerAndNamesUs() {
    Caller caller = Caller.carafe();
    Outcome outcome =
        caller.call("vm", "create", "-n", "web", "--init", "true", "--init", "apt-get update");
    assertThat(outcome.out())
        .isEqualTo(
            """
            Created machine: web
              CPUs: 2, Memory: 2048 MiB
              Init commands: 2

            Use 'carafe machine start --name web' to start the machine
            Then use 'carafe machine exec --name web -- <command>' to run commands
            """);
    assertThat(caller.machines.machines.get("web").spec)
        .isEqualTo(MachineSpec.builder("web").init(List.of("true", "apt-get update")).build());
  }

  @Test
  void aMachineWithRoutesKeepsWhatItsSidecarIsFoundBy(@TempDir Path directory) throws Exception {
    Path routes = Files.writeString(directory.resolve("r.yaml"), "version: 1\nroutes: []\n");
    Caller caller = Caller.carafe();
    Outcome outcome =
        caller.call("machine", "create", "web", "--routes", routes.toString(), "--label", "team=x");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    MachineSpec spec = caller.machines.machines.get("web").spec;
    assertThat(spec.labels()).containsEntry("team", "x");
    assertThat(SidecarSpec.of(spec, Map.of("HOME", "/home/x")).orElseThrow().routes())
        .isEqualTo(routes);
  }

  @Test
  void createRecordsAllItIsTold() {
    Caller caller = Caller.carafe();
    caller.env.put("OURS", "1");
    Outcome outcome =
        caller.call(
            ("machine create web --image debian:12 --cpus 3 --mem 512 --storage 30 --overlay 12"
                    + " -e A=B -e OURS -w /srv --user dev --label team=x --oci-platform "
                    + MachineFlags.platform()
                    + " -- serve --port 80")
                .split(" "));
    assertThat(outcome.exitCode()).isZero();
    assertThat(caller.machines.machines.get("web").spec)
        .isEqualTo(
            MachineSpec.builder("web")
                .image("debian:12")
                .cpus(3)
                .memoryMib(512)
                .disks(30, 12)
                .env(Map.of("A", "B", "OURS", "1"))
                .directory("/srv")
                .user("dev")
                .labels(Map.of("team", "x"))
                .workload(List.of("serve", "--port", "80"))
                .build());
  }

  @Test
  void aMachineWithoutANameGetsOne() {
    assertThat(Caller.carafe().call("machine", "create").out())
        .matches("(?s)Created machine: vm-[0-9a-f]{8}\n.*");
  }

  @Test
  void createOfATakenNameFailsWithSmolvmsWords() {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    assertThat(caller.call("machine", "create", "web"))
        .isEqualTo(
            new Outcome(
                1,
                "",
                "Error: config operation failed: create machine: machine 'web' already exists\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--cpus 0",
        "--cpus x",
        "--cpus 256",
        "--mem 63",
        "--mem 0",
        "--storage 0",
        "--overlay 0",
        "--overlay 65",
        "-w relative",
        "--label x",
        "--image=",
        "--oci-platform linux/s390x",
        "-n a--b",
        "-n a-",
        "-n -a",
        "-n ../x",
        "-n a/b",
        "-n ü",
        "--image x --from y"
      })
  void createRefusesWhatMakesNoSenseAndMakesNothing(String options) {
    Caller caller = Caller.smolvm();
    Outcome outcome = caller.call(("machine create " + options).split(" "));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).startsWith("error: ");
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void createTakesNamesUpTo128Characters() {
    assertThat(Caller.smolvm().call("machine", "create", "n".repeat(128)).exitCode()).isZero();
    assertThat(Caller.smolvm().call("machine", "create", "n".repeat(129)).exitCode()).isEqualTo(2);
  }

  @Test
  void moreThanSixteenCpusAreSixteenWithAWarning() {
    Caller caller = Caller.smolvm();
    Outcome outcome = caller.call("machine", "create", "web", "--cpus", "32");
    assertThat(outcome.err())
        .isEqualTo("Warning: 32 CPUs were asked for; a machine has at most 16\n");
    assertThat(caller.machines.machines.get("web").spec.cpus()).isEqualTo(16);
  }

  @Test
  void startPrintsTheProcess() {
    Caller caller = Caller.smolvm();
    caller.call("machine", "create", "web");
    assertThat(caller.call("machine", "start", "--name", "web"))
        .isEqualTo(
            new Outcome(
                0,
                "Machine 'web' running (PID: 4711)\n",
                "Starting machine 'web' with 0 mount(s) and 0 port mapping(s)...\n"));
    assertThat(caller.call("machine", "start", "-n", "web"))
        .isEqualTo(new Outcome(0, "Machine 'web' already running (PID: 4711)\n", ""));
  }

  @Test
  void startWithoutANameMakesTheDefaultMachine() {
    Caller caller = Caller.smolvm();
    assertThat(caller.call("machine", "start").exitCode()).isZero();
    assertThat(caller.machines.machines.get("default").spec)
        .isEqualTo(MachineSpec.builder("default").cpus(4).memoryMib(8192).build());
    assertThat(caller.call("machine", "start").out()).contains("already running");
  }

  @Test
  void anInitCommandThatFailsIsTheErrorItself() {
    Caller caller = Caller.smolvm();
    caller.call("machine", "create", "web");
    caller.machines.startFails =
        new MachineException(ErrorCode.GUEST, "start machine 'web'", "init[0] failed (exit 3): no");
    assertThat(caller.call("machine", "start", "-n", "web").err())
        .endsWith("Error: init[0] failed (exit 3): no\n");
  }

  @ParameterizedTest
  @CsvSource({
    "machine start --name nobody",
    "machine stop --name nobody",
    "machine delete -f nobody",
    "machine delete nobody",
    "machine exec --name nobody -- true",
    "machine shell -n nobody",
    "machine status --name nobody",
    "machine update nobody --cpus 2",
    "machine resize -n nobody --overlay 20",
    "machine data-dir nobody",
    "machine cp nobody:/x y",
  })
  void anUnknownMachineIsNotFound(String line) {
    assertThat(Caller.smolvm().call(line.split(" ")))
        .isEqualTo(new Outcome(1, "", "Error: vm not found: nobody\n"));
  }

  @Test
  void theStatusOfAFailedMachineSaysWhyExceptUnderTheNameSmolvm() {
    Caller caller = Caller.carafe();
    caller.call("machine", "create", "web");
    caller.machines.startFails =
        new MachineException(ErrorCode.GUEST, "start machine 'web'", "it is\nbroken");
    caller.call("machine", "start", "web");

    assertThat(caller.call("machine", "status", "web").out())
        .isEqualTo(
            "Machine 'web': failed\n"
                + "Its last start failed: cannot start machine 'web': it is?broken\n");
    assertThat(caller.call("machine", "status", "web", "--json").out())
        .contains("\"failure\" : \"cannot start machine 'web': it is\\nbroken\"");
    caller.program = "smolvm";
    assertThat(caller.call("machine", "status", "web").out()).isEqualTo("Machine 'web': failed\n");
    assertThat(caller.call("machine", "status", "web", "--json").out()).doesNotContain("failure");
  }

  @Test
  void withoutANameItIsSaidThatOneIsMissing() {
    Caller caller = Caller.carafe();
    caller.machines.running("web");
    assertThat(caller.call("machine", "exec", "--", "ls").err())
        .isEqualTo(
            "Error: vm not found: default: no machine was named:"
                + " use 'carafe machine exec --name NAME'\n");
    assertThat(caller.call("machine", "exec", "web", "--", "ls", "-l").err())
        .isEqualTo(
            "Error: vm not found: default: no machine was named;"
                + " did you mean 'carafe machine exec --name web -- ls -l'?\n");
    assertThat(Caller.smolvm().call("machine", "exec", "--", "ls").err())
        .isEqualTo("Error: vm not found: default\n");
  }

  @Test
  void whatCannotBeANameIsNotFoundEither() {
    Caller caller = Caller.carafe();
    assertThat(caller.call("machine", "stop", "-n", "../../etc\u001b[2J"))
        .isEqualTo(new Outcome(1, "", "Error: vm not found: ../../etc?[2J\n"));
  }

  @Test
  void stopIsIdempotent() {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    assertThat(caller.call("machine", "stop", "--name", "web"))
        .isEqualTo(new Outcome(0, "Stopping machine 'web'...\nStopped machine: web\n", ""));
    assertThat(caller.call("machine", "stop", "web"))
        .isEqualTo(new Outcome(0, "Machine 'web' is not running (state: stopped)\n", ""));
  }

  @Test
  void stopOfAnUnknownMachineWasNoErrorInTheFirstDialect() {
    Caller caller = Caller.smolvm();
    caller.env.put("CARAFE_SMOLVM_VERSION", "0.8.0");
    assertThat(caller.call("machine", "stop", "--name", "nobody"))
        .isEqualTo(new Outcome(0, "Machine 'nobody' not found or not running\n", ""));
  }

  @Test
  void aMachineThatDoesNotAnswerIsStopped() {
    Caller caller = Caller.carafe();
    caller.machines.running("web").state = State.UNREACHABLE;
    assertThat(caller.call("machine", "stop", "web").out()).contains("Stopped machine: web");
  }

  @ParameterizedTest
  @ValueSource(strings = {"machine delete -f web", "machine rm web --force", "vm delete -fn web"})
  void deleteWithForceDoesNotAsk(String line) {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    assertThat(caller.call(line.split(" ")))
        .isEqualTo(
            new Outcome(0, "Cleaning up data directory for vm: web\nDeleted machine: web\n", ""));
    assertThat(caller.machines.machines).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"y, true", "Y, true", "yes, true", "YES, true", "n, false", "'', false", "ya, false"})
  void deleteAsksOnStandardError(String answer, boolean deletes) {
    Caller caller = Caller.smolvm().input(answer + "\n");
    caller.machines.running("web");
    Outcome outcome = caller.call("machine", "delete", "--name", "web");
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.err()).isEqualTo("Delete machine 'web'? [y/N] ");
    assertThat(outcome.out().equals("Cancelled\n")).isEqualTo(!deletes);
    assertThat(caller.machines.machines.isEmpty()).isEqualTo(deletes);
  }

  @Test
  void deleteTakesTheEndOfInputForNo() {
    Caller caller = Caller.smolvm().input("");
    caller.machines.running("web");
    assertThat(caller.call("machine", "delete", "web"))
        .isEqualTo(new Outcome(0, "Cancelled\n", "Delete machine 'web'? [y/N] "));
  }

  @Test
  void statusTellsTheStateAsTheDialectDoes() {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    assertThat(caller.call("machine", "status", "--name", "web").out())
        .isEqualTo("Machine 'web': running (PID: 4711)\n");
    caller.machines.machines.get("web").state = State.STOPPED;
    assertThat(caller.call("machine", "status", "-n", "web").out())
        .isEqualTo("Machine 'web': stopped\n");
    caller.env.put("CARAFE_SMOLVM_VERSION", "0.8.0");
    assertThat(caller.call("machine", "status", "-n", "web").out())
        .isEqualTo("Machine 'web': not running\n");
  }

  private static final String RECORD =
      """
      {
        "name" : "web",
        "state" : "running",
        "cpus" : 2,
        "memory_mib" : 2048,
        "pid" : 4711,
        "mounts" : 0,
        "ports" : 0,
        "created_at" : 1795348800,
        "storage_gb" : 20,
        "overlay_gb" : 10,
        "image" : "debian:12",
        "entrypoint" : [ ],
        "cmd" : [ "serve" ],
        "ephemeral" : false,
        "gpu" : false,
        "gpu_vram_mib" : null,
        "restart_policy" : "never",
        "restart_max_retries" : 0,
        "restart_count" : 0,
        "health_cmd" : null,
        "health_interval_secs" : 0,
        "health_timeout_secs" : 0,
        "health_retries" : 0,
        "health_startup_grace_secs" : 0,
        "network" : false,
        "cuda" : false,
        "forkable" : false,
        "cuda_fork_pool_size" : null,
        "cuda_vram_limit_mib" : null,
        "forkpoint_held" : false,
        "labels" : {
          "team" : "x"
        }
      }
      """;

  @Test
  void jsonHasAllFieldsOfBothDialects() {
    Caller caller = Caller.smolvm();
    var machine = caller.machines.running("web");
    machine.spec =
        machine.spec.toBuilder()
            .image("debian:12")
            .workload(List.of("serve"))
            .labels(Map.of("team", "x"))
            .build();
    String status = caller.call("machine", "status", "--name", "web", "--json").out();
    assertThat(status.replaceAll("\\s+", "")).isEqualTo(RECORD.replaceAll("\\s+", ""));
    String list = caller.call("machine", "ls", "--json").out();
    assertThat(list.replaceAll("\\s+", "")).isEqualTo("[" + RECORD.replaceAll("\\s+", "") + "]");
  }

  @Test
  void noMachinesAreAnEmptyArray() {
    assertThat(Caller.smolvm().call("machine", "ls", "--json").out().replaceAll("\\s+", ""))
        .isEqualTo("[]");
    assertThat(Caller.smolvm().call("machine", "list").out()).isEqualTo("No machines found\n");
  }

  @Test
  void theTableHasSmolvmsColumns() {
    Caller caller = Caller.carafe();
    caller.machines.running("a-machine-with-a-long-name");
    var web = caller.machines.running("web");
    web.spec = web.spec.toBuilder().ephemeral(true).env(Map.of("TOKEN", "secret")).build();
    web.state = State.STOPPED;
    assertThat(caller.call("machine", "ls").out())
        .isEqualTo(
            """
            NAME                STATE        CPUS  MEMORY     MOUNTS  PORTS  STORAGE    OVERLAY
            %s
            a-machine-with-...  running      2     2048 MiB   0       0      20 GiB     10 GiB
            web (eph)           stopped      2     2048 MiB   0       0      20 GiB     10 GiB
            """
                .formatted("-".repeat(88)));
    assertThat(caller.call("machine", "ls", "-v").out())
        .contains("  Image:   base\n", "  PID:     4711\n", "  Env:     TOKEN\n")
        .doesNotContain("secret");
  }

  @Test
  void listingChangesNothing() {
    Caller caller = Caller.carafe();
    caller.machines.running("web").state = State.UNREACHABLE;
    caller.call("machine", "ls");
    caller.call("machine", "status", "web");
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void updateChangesAStoppedMachine() {
    Caller caller = Caller.smolvm();
    var machine = caller.machines.running("web");
    machine.state = State.STOPPED;
    machine.spec = machine.spec.toBuilder().env(Map.of("OLD", "1")).build();
    Outcome outcome =
        caller.call(
            "machine update web --cpus 8 --mem 512 -e A=secret --remove-env OLD --overlay 20"
                .split(" "));
    assertThat(outcome)
        .isEqualTo(
            new Outcome(
                0,
                """
                Updated machine 'web':
                  CPUs: 8
                  Memory: 512 MiB
                  Overlay: 20 GiB
                  Env: set A
                  Env: removed OLD
                """,
                ""));
    assertThat(machine.spec)
        .isEqualTo(
            MachineSpec.builder("web")
                .cpus(8)
                .memoryMib(512)
                .disks(20, 20)
                .env(Map.of("A", "secret"))
                .build());
    assertThat(caller.call("machine", "update", "-n", "web", "--no-net").out())
        .isEqualTo("No changes specified.\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"machine update web --cpus 2", "machine resize -n web --overlay 20"})
  void aRunningMachineIsNotChanged(String line) {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    Outcome outcome = caller.call(line.split(" "));
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).startsWith("Error: invalid vm state: expected stopped, got running");
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void disksOnlyGrow() {
    Caller caller = Caller.smolvm();
    caller.machines.running("web").state = State.STOPPED;
    assertThat(caller.call("machine", "resize", "-n", "web", "--overlay", "9").err())
        .startsWith("Error: config operation failed: resize: ");
    assertThat(caller.call("machine", "resize", "-n", "web", "--storage", "25").out())
        .isEqualTo("Resized machine 'web':\n  Storage: 25 GiB\n");
  }

  @Test
  void dataDirIsWhereTheFilesAre() {
    Caller caller = Caller.smolvm();
    caller.machines.running("web");
    assertThat(caller.call("machine", "data-dir", "web").out()).isEqualTo("/data/machines/web\n");
  }

  @Test
  void createFromAPackTakesWhatThePackSaysUnlessToldOtherwise() {
    Caller caller = Caller.smolvm();
    Outcome outcome =
        caller.call(
            "machine", "create", "web", "--from", "p.smolmachine", "--mem", "8192", "-e", "A=1");
    assertThat(outcome.out())
        .startsWith("Extracting .smolmachine assets...\nCreated machine: web\n")
        .contains("  CPUs: 3, Memory: 1024 MiB\n");
    MachineSpec spec = caller.machines.machines.get("web").spec;
    assertThat(spec.image()).contains("sha256:" + "c".repeat(64));
    assertThat(spec.env()).isEqualTo(Map.of("A", "1"));
    assertThat(caller.rooms.calls).containsExactly("load p.smolmachine");
    caller.call("machine", "create", "big", "--from", "p.smolmachine", "--cpus", "8");
    assertThat(caller.machines.machines.get("big").spec.cpus()).isEqualTo(8);
  }
}
