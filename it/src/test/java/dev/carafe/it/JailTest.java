package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import dev.carafe.machine.host.Host;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What stands between QEMU and the host, and between the guest and any network. */
class JailTest {
  private static final Machines MACHINES = Lab.machines();
  private static Machine machine;

  @BeforeAll
  static void start() {
    machine = Lab.started(MACHINES, "jail");
  }

  @AfterAll
  static void delete() {
    machine.delete();
    MACHINES.close();
  }

  private static long qemu() {
    return qemu(machine);
  }

  private static long qemu(Machine machine) {
    return machine.status().pid().orElseThrow();
  }

  @Test
  void qemuHasNoPrivilegeAndCannotGetOne() throws Exception {
    assertThat(Lab.processStatus(qemu(), "Name")).isEqualTo("carafe-vm");
    assertThat(Lab.processStatus(qemu(), "NoNewPrivs")).isEqualTo("1");
    assertThat(Lab.processStatus(qemu(), "Seccomp")).isEqualTo("2");
    for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd")) {
      assertThat(Lab.processStatus(qemu(), set)).as(set).isEqualTo("0000000000000000");
    }
    int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    String expected = Integer.toString(self == 0 ? Host.QEMU_USER : self);
    assertThat(Lab.processStatus(qemu(), "Uid").split("\\s+")).containsOnly(expected);
    if (self == 0) {
      assertThat(Lab.processStatus(qemu(), "Gid").split("\\s+")).containsOnly(expected);
      assertThat(Lab.processStatus(qemu(), "Groups")).isEmpty();
    }
  }

  @Test
  void qemuHasNamespacesOfItsOwn() throws Exception {
    for (String namespace : List.of("net", "pid", "mnt", "ipc", "uts")) {
      Path link = Path.of("ns", namespace);
      assertThat(Files.readSymbolicLink(Path.of("/proc/" + qemu()).resolve(link)))
          .as(namespace)
          .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self").resolve(link)));
    }
    assertThat(Files.readAllLines(Path.of("/proc/" + qemu() + "/net/dev")))
        .as("no network device but loopback")
        .hasSize(3)
        .last()
        .asString()
        .contains("lo:");
  }

  @Test
  void qemuSeesNoFilesButItsOwnAndCanWriteOnlyItsDisk() throws Exception {
    List<String> mounts = Files.readAllLines(Path.of("/proc/" + qemu() + "/mounts"));
    List<String> places = mounts.stream().map(line -> line.split(" ")[1]).sorted().toList();
    assertThat(places)
        .contains("/image", "/memory/ram", "/overlay", "/preload.so", "/usr")
        .noneMatch(
            place ->
                place.startsWith("/home")
                    || place.startsWith("/root")
                    || place.startsWith("/proc"));
    assertThat(
            mounts.stream()
                .filter(
                    line ->
                        !line.split(" ")[3].startsWith("ro")
                            && !line.split(" ")[2].matches("devtmpfs|devpts"))
                .map(line -> line.split(" ")[1])
                .filter(place -> !place.startsWith("/dev/")))
        .containsExactlyInAnyOrder("/overlay", "/sockets");
  }

  @Test
  void qemuCanMakeNoFileNorPutAnythingInItsSocketsPlace() throws Exception {
    Path root = Path.of("/proc/" + qemu() + "/root");
    for (String place : List.of("", "sockets", "dev", "dev/shm", "memory", "usr")) {
      assertThatThrownBy(() -> Files.createFile(root.resolve(place).resolve("made")))
          .as("/" + place)
          .isInstanceOf(java.io.IOException.class);
    }
    try (Stream<Path> sockets = Files.list(root.resolve("sockets"))) {
      assertThat(sockets).isEmpty();
    }
  }

  @Test
  void qemusMemoryAndDescriptorsAreLimited() throws Exception {
    String limits = Files.readString(Path.of("/proc/" + qemu() + "/limits"));
    long memory = (long) machine.spec().memoryMib() << 20;
    assertThat(hardLimit(limits, "Max address space"))
        .isBetween(memory + (2L << 30), memory + (8L << 30));
    assertThat(hardLimit(limits, "Max open files")).isLessThanOrEqualTo(256);
    assertThat(hardLimit(limits, "Max file size"))
        .as("its disk, and a quarter of that for what a freeze keeps aside")
        .isEqualTo(((long) machine.spec().overlayGib() << 30) / 4 * 5);
    assertThat(hardLimit(limits, "Max core file size")).isZero();
  }

  private static long hardLimit(String limits, String name) {
    String line =
        limits.lines().filter(candidate -> candidate.startsWith(name)).findFirst().orElseThrow();
    return Long.parseLong(line.substring(name.length()).strip().split("\\s+")[1]);
  }

  @Test
  void whatQemuSaysWithoutEndIsNotKept() throws Exception {
    Path log = Path.of("/proc/" + qemu() + "/fd/2");
    byte[] flood = "all work and no play\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
    try (var stream = Files.newOutputStream(log)) {
      stream.write(flood);
    } catch (java.io.IOException e) {
      // Nobody reads it any more.
    }
    assertThat(Files.size(machine.directory().resolve("qemu.log"))).isLessThanOrEqualTo(65_536);
    assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
  }

  @Test
  void qemuHoldsTheTemplatesMemoryForReadingOnly() throws Exception {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + qemu() + "/fd"))) {
      List<Path> memory =
          descriptors.filter(descriptor -> target(descriptor).endsWith("/ram")).toList();
      assertThat(memory).isNotEmpty();
      for (Path descriptor : memory) {
        String info =
            Files.readString(Path.of("/proc/" + qemu() + "/fdinfo/" + descriptor.getFileName()));
        int flags = Integer.parseInt(info.replaceAll("(?s).*flags:\\s*([0-7]+).*", "$1"), 8);
        assertThat(flags & 3).as("access mode").isZero();
      }
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (java.io.IOException e) {
      return "";
    }
  }

  /** As root QEMU is another user; and a careful root's mask is 077. */
  @Test
  void whatTheUsersMaskKeptFromOthersIsShownToQemu() throws Exception {
    try (Stream<Path> libraries = Files.list(Lab.HOME.cache().resolve("preload"))) {
      for (Path library : libraries.toList()) {
        Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-------"));
      }
    }
    Machine other = Lab.started(MACHINES, "mask");
    try {
      assertThat(other.run(ExecSpec.of("true")).exitCode()).isZero();
      String loaded = Files.readString(Path.of("/proc/" + qemu(other) + "/maps"));
      assertThat(loaded).contains("/preload.so");
    } finally {
      other.delete();
    }
  }

  @Test
  void theGuestHasNoNetworkDevice() {
    assertThat(machine.run(ExecSpec.of("ls", "/sys/class/net")).out()).isEqualTo("lo\n");
    assertThat(machine.run(ExecSpec.shell("cat /sys/bus/pci/devices/*/class")).out())
        .doesNotContain("0x02");
    var curl = machine.run(ExecSpec.of("curl", "-sS", "-m", "5", "http://192.0.2.1/"));
    assertThat(curl.exitCode()).isEqualTo(7);
  }

  @Test
  void aGuestThatFillsItsWholeDiskStopsAtItsLimit() throws Exception {
    Machine small =
        MACHINES.create(
            dev.carafe.machine.MachineSpec.builder(Lab.name("full")).disks(20, 1).build());
    try {
      small.start();
      // Past the end of the file system, and of the quarter behind it that freezes use: the device
      // itself is larger, for every machine the same.
      var raw =
          small.run(
              ExecSpec.shell(
                  "dd if=/dev/zero of=/dev/vdb bs=1M seek=1278 count=8 oflag=direct conv=notrunc 2>&1"));
      assertThat(raw.exitCode()).isEqualTo(1);
      assertThat(raw.out()).containsIgnoringCase("error");
      assertThat(small.run(ExecSpec.of("echo", "alive")).out()).isEqualTo("alive\n");
    } finally {
      small.delete();
    }
  }

  @Test
  void aGuestThatFloodsItsConsoleCostsTheHostNothing() throws Exception {
    long before = treeBytes(machine.directory());
    machine.run(ExecSpec.shell("head -c 3000000 /dev/zero | tr '\\0' x > /dev/ttyS0"));
    assertThat(treeBytes(machine.directory()) - before).isLessThan(1_000_000);
    assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
  }

  private static long treeBytes(Path root) throws java.io.IOException {
    try (Stream<Path> files = Files.walk(root)) {
      long bytes = 0;
      for (Path file :
          files.filter(f -> Files.isRegularFile(f) && !f.toString().endsWith(".img")).toList()) {
        bytes += Files.size(file);
      }
      return bytes;
    }
  }
}
