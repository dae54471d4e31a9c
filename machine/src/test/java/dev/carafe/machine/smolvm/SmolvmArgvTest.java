package dev.carafe.machine.smolvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.TerminalSize;
import dev.carafe.machine.smolvm.SmolvmArgv.Streams;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SmolvmArgvTest {
  private static final SmolvmArgv OLD = new SmolvmArgv(new SmolvmVersion(0, 8, 0));
  private static final SmolvmArgv LAST_OLD = new SmolvmArgv(new SmolvmVersion(1, 0, 1));
  private static final SmolvmArgv FIRST_NEW = new SmolvmArgv(new SmolvmVersion(1, 0, 2));
  private static final SmolvmArgv NEW = new SmolvmArgv(new SmolvmVersion(1, 9, 3));

  /** Every verb and option: what is asked, what 0.8.0 is given, what 1.9.3 is given. */
  static Stream<Arguments> golden() {
    return Stream.of(
        same(
            "pack create",
            a -> a.packCreate("alpine:latest", Path.of("/o/app")),
            "pack create --image alpine:latest -o /o/app"),
        same("start", a -> a.machineStart("web"), "machine start --name web"),
        same("stop", a -> a.machineStop("web"), "machine stop --name web"),
        same("status", a -> a.machineStatus("web"), "machine status --name web --json"),
        same("ls", SmolvmArgv::machineList, "machine ls --json"),
        same("cp in", a -> a.machineCopy("/a", "web:/b"), "machine cp /a web:/b"),
        same("cp out", a -> a.machineCopy("web:/b", "/a"), "machine cp web:/b /a"),
        both(
            "delete",
            a -> a.machineDelete("web"),
            "machine delete web -f",
            "machine delete --name web -f"),
        both(
            "data-dir",
            a -> a.machineDataDirectory("web"),
            "machine data-dir web",
            "machine data-dir --name web"),
        create("nothing else", b -> b, ""),
        create("an image", b -> b.image("debian:12"), " --image debian:12"),
        create("a pack", b -> b.from(Path.of("/p.smolmachine")), " --from /p.smolmachine"),
        create("processors", b -> b.cpus(3), " --cpus 3"),
        create("memory", b -> b.memoryMib(512), " --mem 512"),
        create("storage", b -> b.storageGib(7), " --storage 7"),
        create("an overlay", b -> b.overlayGib(9), " --overlay 9"),
        create("the network", b -> b.net(), " --net"),
        create(
            "allowed networks",
            b -> b.allowCidr("10.0.0.1/32").allowCidr("fd00::/8"),
            " --net --allow-cidr 10.0.0.1/32 --allow-cidr fd00::/8"),
        create("an allowed host", b -> b.allowHost("a.example"), " --net --allow-host a.example"),
        create(
            "the host's loopback only",
            b -> b.outboundLocalhostOnly(),
            " --net --outbound-localhost-only"),
        create("the network twice", b -> b.net().allowHost("a.b"), " --net --allow-host a.b"),
        create("a volume", b -> b.volume("/h:/g:ro"), " -v /h:/g:ro"),
        create("ports", b -> b.port("80:80").port("81:81"), " -p 80:80 -p 81:81"),
        create("init", b -> b.init(List.of("apk-add")), " --init apk-add"),
        create("a directory", b -> b.directory("/srv"), " -w /srv"),
        create("a variable", b -> b.env(Map.of("TOKEN", "s3cret")), " -e TOKEN"),
        create("a public variable", b -> b.env(Map.of("PATH", "/x")), " -e PATH=/x"),
        create(
            "an image, a size and a variable, in this order",
            b -> b.env(Map.of("A", "1")).cpus(2).image("i").directory("/d"),
            " --image i --cpus 2 -e A -w /d"),
        exec("a command", ExecSpec.of("ls", "-l"), "--stream -- ls -l"),
        exec(
            "what looks like options",
            ExecSpec.of("--name", "--", "-e"),
            "--stream -- --name -- -e"),
        exec("a directory", ExecSpec.of("ls").withDirectory("/d"), "-w /d --stream -- ls"),
        exec(
            "seconds",
            ExecSpec.of("ls").withTimeout(Duration.ofSeconds(5)),
            "--timeout 5s --stream -- ls"),
        exec(
            "milliseconds",
            ExecSpec.of("ls").withTimeout(Duration.ofMillis(1500)),
            "--timeout 1500ms --stream -- ls"),
        exec("a variable", ExecSpec.of("ls").withEnv("K", "v"), "-e K --stream -- ls"),
        exec(
            "a user",
            ExecSpec.of("id").withUser("node"),
            "-e HOME=/home/node -e USER=node --stream -- runuser -u node -- id"),
        exec(
            "root",
            ExecSpec.of("id").withUser("root"),
            "-e HOME=/root -e USER=root --stream -- runuser -u root -- id"),
        exec(
            "a user and a group",
            ExecSpec.of("id").withUser("node:staff"),
            "-e HOME=/home/node -e USER=node --stream -- runuser -u node -g staff -- id"),
        exec(
            "numbers",
            ExecSpec.of("id").withUser("1000:1001"),
            "-e HOME=/ -e USER=1000 --stream -- setpriv --reuid=1000 --regid=1001"
                + " --clear-groups -- id"),
        exec("input", ExecSpec.of("cat").withInput(), "-i -- cat"),
        exec(
            "a terminal", ExecSpec.of("vi").withTerminal(new TerminalSize(24, 80)), "-i -t -- vi"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("golden")
  void theArgumentsAre(
      String what, Function<SmolvmArgv, List<String>> ask, String inOld, String inNew) {
    assertThat(ask.apply(OLD)).isEqualTo(List.of(inOld.split(" ")));
    assertThat(ask.apply(LAST_OLD)).isEqualTo(List.of(inOld.split(" ")));
    assertThat(ask.apply(FIRST_NEW)).isEqualTo(List.of(inNew.split(" ")));
    assertThat(ask.apply(NEW)).isEqualTo(List.of(inNew.split(" ")));
  }

  @Test
  void everyChangeOfAMachineIsInBothDialects() {
    SmolvmUpdate change =
        new SmolvmUpdate(
            OptionalInt.of(1),
            OptionalInt.of(64),
            OptionalInt.of(21),
            OptionalInt.of(11),
            Map.of("A", "secret"),
            List.of("B"),
            Optional.of("/d"));
    ForwardedEnv env = ForwardedEnv.ofMachine("change it", change.env());
    String rest = " --cpus 1 --mem 64 --storage 21 --overlay 11 -e A --remove-env B -w /d";
    assertThat(OLD.machineUpdate("web", change, env))
        .isEqualTo(List.of(("machine update web" + rest).split(" ")));
    assertThat(NEW.machineUpdate("web", change, env))
        .isEqualTo(List.of(("machine update --name web" + rest).split(" ")));
  }

  @Test
  void whatCameLaterIsAskedOfLaterReleases() {
    assertThat(
            create(
                NEW, SmolvmCreate.builder().labels(Map.of("a", "b")).command(List.of("x", "-y"))))
        .isEqualTo(List.of("machine create --name web --label a=b -- x -y".split(" ")));
    assertThat(exec(NEW, ExecSpec.of("sleep", "9").asDetached()))
        .isEqualTo(List.of("machine exec --name web -d -- sleep 9".split(" ")));
  }

  @Test
  void whatAReleaseWouldIgnoreIsRefused() {
    Path pack = Path.of("/p.smolmachine");
    refused("1.7.3", b -> b.from(pack).allowCidr("10.0.0.1/32"), "drops the allow-list");
    refused("1.7.3", b -> b.from(pack).allowHost("a.example"), "drops the allow-list");
    refused("1.7.3", b -> b.from(pack).outboundLocalhostOnly(), "drops the allow-list");
    refused("0.8.0", b -> b.from(pack).net().allowCidr("10.0.0.1/32"), "reach everything");
    refused("1.9.3", b -> b.from(pack).directory("/d"), "ignores the working directory");
    refused("1.0.1", b -> b.command(List.of("x")), "releases from 1.0.2 do");
    refused("1.7.9", b -> b.labels(Map.of("a", "b")), "releases from 1.8.0 do");
    assertThatThrownBy(() -> exec(new SmolvmArgv(version("1.2.9")), ExecSpec.of("x").asDetached()))
        .hasMessageContaining("releases from 1.3.0 do");

    assertThat(
            create(
                new SmolvmArgv(version("1.8.0")),
                SmolvmCreate.builder().from(pack).allowCidr("10.0.0.1/32")))
        .contains("--net", "--allow-cidr");
  }

  @Test
  void anImageAndAPackTogetherMakeNoSense() {
    assertThatThrownBy(
            () -> create(NEW, SmolvmCreate.builder().image("a").from(Path.of("/p.smolmachine"))))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-f", "", "a b", "../x", "a--b", "a:b", "a-"})
  void aNameThatIsNoneNeverReachesSmolvm(String name) {
    for (SmolvmArgv argv : List.of(OLD, NEW)) {
      assertThatThrownBy(() -> argv.machineDelete(name)).isInstanceOf(MachineException.class);
      assertThatThrownBy(() -> argv.machineStart(name)).isInstanceOf(MachineException.class);
      assertThatThrownBy(() -> argv.machineStatus(name)).isInstanceOf(MachineException.class);
    }
  }

  @Test
  void valuesAreHiddenWhenAnArgumentListIsShown() {
    assertThat(
            SmolvmArgv.shown(
                List.of("machine", "create", "-e", "K=v=w", "-e", "L", "--", "-e", "M=n")))
        .containsExactly("machine", "create", "-e", "K=***", "-e", "L", "--", "-e", "M=n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PATH",
        "HOME",
        "SHELL",
        "TMPDIR",
        "LANG",
        "LC_ALL",
        "XDG_DATA_HOME",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "GLIBC_TUNABLES",
        "IFS",
        "ENV",
        "BASH_ENV",
        "BASH_FUNC_x",
        "SMOLVM_DATA_DIR",
        "SMOLVM_LIB_DIR",
        "RUST_LOG",
        "CARAFE_JAVA_HOME",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS"
      })
  void aVariableThatWouldSteerSmolvmTravelsUnderAnotherName(String name) {
    GuestCommand command =
        GuestCommand.of(
            "run", ExecSpec.of("cmd", "arg").withEnv(name, "hidden value"), Optional.empty());
    assertThat(command.env().values()).containsExactly(Map.entry("_GUEST_VALUE_0", "hidden value"));
    assertThat(command.env().arguments()).containsExactly("_GUEST_VALUE_0");
    assertThat(command.argv())
        .startsWith("/bin/sh", "-c")
        .noneMatch(word -> word.contains("hidden"));
    assertThat(command.argv().get(2)).startsWith(name + "=\"$_GUEST_VALUE_0\"; export " + name);
  }

  @Test
  void theRenamingWorksInAShellWhateverTheValue() throws Exception {
    String value = "a'b\"c$HOME`id`\\n *;";
    ExecSpec spec =
        ExecSpec.of("/usr/bin/env")
            .withEnv("HOME", value)
            .withEnv("LD_X", "")
            .withEnv("PLAIN", "p");
    GuestCommand command = GuestCommand.of("run", spec, Optional.empty());
    ProcessBuilder builder = new ProcessBuilder(command.argv());
    builder.environment().clear();
    builder.environment().putAll(command.env().values());
    Process process = builder.start();
    assertThat(new String(process.getInputStream().readAllBytes()).lines())
        .contains("HOME=" + value, "LD_X=", "PLAIN=p")
        .noneMatch(line -> line.startsWith("_GUEST"));
  }

  @Test
  void theCallersOwnHomeWinsOverTheUsers() {
    GuestCommand command =
        GuestCommand.of(
            "run",
            ExecSpec.of("x").withEnv("HOME", "/mine").withEnv("USER", "me").withUser("node"),
            Optional.empty());
    assertThat(command.env().arguments()).containsExactly("_GUEST_VALUE_0", "USER");
    assertThat(command.argv()).endsWith("runuser", "-u", "node", "--", "x");
  }

  @Test
  void aCommandsUserWinsOverTheMachines() {
    assertThat(GuestCommand.of("run", ExecSpec.of("x").withUser("a"), Optional.of("b")).argv())
        .startsWith("runuser", "-u", "a");
    assertThat(GuestCommand.of("run", ExecSpec.of("x"), Optional.of("b")).argv())
        .startsWith("runuser", "-u", "b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1000", "-u", "a b", "a:-g", "1000:staff", ":", ""})
  void aUserThatRunuserCannotTakeIsRefused(String user) {
    assertThatThrownBy(
            () -> GuestCommand.of("run", ExecSpec.of("x").withUser(user), Optional.empty()))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED));
  }

  @Test
  void aMachinesVariableThatSteersAndMayBeSecretIsRefused() {
    for (String name : List.of("LD_PRELOAD", "SMOLVM_DATA_DIR", "JAVA_TOOL_OPTIONS", "BASH_ENV")) {
      assertThatThrownBy(() -> ForwardedEnv.ofMachine("create it", Map.of(name, "hidden")))
          .hasMessageContaining(name)
          .hasMessageContaining("give it to each command instead")
          .hasMessageNotContaining("hidden");
    }
  }

  @Test
  void aVariableThatLooksLikeAnOptionIsRefused() {
    assertThatThrownBy(() -> ForwardedEnv.ofMachine("create it", Map.of("--net", "x")))
        .hasMessageContaining("cannot be the name");
    assertThatThrownBy(
            () -> GuestCommand.of("run", ExecSpec.of("x").withEnv("-d", "x"), Optional.empty()))
        .hasMessageContaining("cannot be the name");
  }

  @Test
  void theReleaseIsReadFromTheFirstLine() {
    assertThat(SmolvmVersion.parse("smolvm 0.8.0\n")).contains(new SmolvmVersion(0, 8, 0));
    assertThat(SmolvmVersion.parse("smolvm 1.9.3 (carafe 0.1.0)")).contains(version("1.9.3"));
    assertThat(SmolvmVersion.parse("smolvm 1.10.0-rc1\nmore")).contains(version("1.10.0"));
    for (String other : List.of("", "docker 1.2.3", "smolvm", "smolvm 1.2", "smolvm 1.2.3.4")) {
      assertThat(SmolvmVersion.parse(other)).as(other).isEmpty();
    }
    assertThat(version("1.10.0").atLeast(version("1.9.3"))).isTrue();
  }

  private static Arguments same(
      String what, Function<SmolvmArgv, List<String>> ask, String inBoth) {
    return both(what, ask, inBoth, inBoth);
  }

  private static Arguments both(
      String what, Function<SmolvmArgv, List<String>> ask, String inOld, String inNew) {
    return Arguments.of(what, ask, inOld, inNew);
  }

  private static Arguments create(
      String what, Function<SmolvmCreate.Builder, SmolvmCreate.Builder> options, String rest) {
    return both(
        "create with " + what,
        a -> create(a, options.apply(SmolvmCreate.builder())),
        "machine create web" + rest,
        "machine create --name web" + rest);
  }

  private static Arguments exec(String what, ExecSpec spec, String rest) {
    return same("exec with " + what, a -> exec(a, spec), "machine exec --name web " + rest);
  }

  private static List<String> create(SmolvmArgv argv, SmolvmCreate.Builder builder) {
    SmolvmCreate options = builder.build();
    return argv.machineCreate("web", options, ForwardedEnv.ofMachine("create it", options.env()));
  }

  private static List<String> exec(SmolvmArgv argv, ExecSpec spec) {
    Streams streams =
        spec.detached()
            ? Streams.NONE
            : spec.terminal().isPresent()
                ? Streams.TERMINAL
                : spec.input() ? Streams.INPUT : Streams.OUTPUT;
    return argv.machineExec(
        "web",
        GuestCommand.of("run", spec, Optional.empty()),
        spec.directory(),
        spec.timeout(),
        streams);
  }

  private static void refused(
      String release,
      Function<SmolvmCreate.Builder, SmolvmCreate.Builder> options,
      String because) {
    assertThatThrownBy(
            () -> create(new SmolvmArgv(version(release)), options.apply(SmolvmCreate.builder())))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining(because);
  }

  private static SmolvmVersion version(String text) {
    return SmolvmVersion.parse("smolvm " + text).orElseThrow();
  }
}
