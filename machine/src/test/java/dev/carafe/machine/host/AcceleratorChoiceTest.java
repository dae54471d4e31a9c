package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceleratorChoiceTest {
  private static final int OTHER_USER = 65_100;

  @TempDir Path directory;

  private final Map<String, String> env = new HashMap<>();
  private final List<Path> probed = new ArrayList<>();
  private Optional<String> failure = Optional.empty();
  private boolean root;
  private Path device;
  private Path qemu;

  @BeforeEach
  void makeHost() throws IOException {
    device = Files.createFile(directory.resolve("kvm"));
    Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("rw-rw-rw-"));
    qemu = Files.createFile(directory.resolve("qemu"));
    Files.writeString(directory.resolve("cpuinfo"), "processor : 0\nmodel name : first\n");
  }

  @Test
  void withoutADeviceThereIsNothingToTry() throws IOException {
    Files.delete(device);

    assertThat(choose("1")).isEqualTo(Accelerator.tcg("there is no " + device));
    assertThat(probed).isEmpty();
  }

  @Test
  void kvmIsUsedWhereAKernelBoots() {
    assertThat(choose("1"))
        .isEqualTo(
            new Accelerator(
                Accelerator.Kind.KVM, "a kernel booted on " + device, OptionalInt.empty()));
    assertThat(probed).containsExactly(Path.of("/kernels/1/vmlinux"));
  }

  @Test
  void aDeviceOnWhichNoKernelBootsIsNotUsed() {
    failure = Optional.of("it\nburned time");

    assertThat(choose("1").kind()).isEqualTo(Accelerator.Kind.TCG);
    assertThat(choose("1").reason()).isEqualTo(device + " is there, but it burned time");
  }

  @Test
  void theVerdictIsRemembered() {
    failure = Optional.of("no");
    Accelerator first = choose("1");
    failure = Optional.empty();

    assertThat(choose("1")).isEqualTo(first);
    assertThat(probed).hasSize(1);
  }

  @Test
  void anotherKernelQemuDeviceOrProcessorIsTriedAnew() throws IOException {
    choose("1");
    choose("2");
    assertThat(probed).hasSize(2);
    Files.writeString(qemu, "another version");
    choose("2");
    assertThat(probed).hasSize(3);
    Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("rwxrw-rw-"));
    choose("2");
    assertThat(probed).hasSize(4);
    Files.writeString(directory.resolve("cpuinfo"), "processor : 0\nmodel name : second\n");
    choose("2");
    assertThat(probed).hasSize(5);
    choose("2");
    assertThat(probed).hasSize(5);
  }

  @Test
  void aDamagedVerdictIsTriedAnew() throws IOException {
    choose("1");
    String whole = Files.readString(directory.resolve("cache/verdict"));
    for (int length = 0; length < whole.length(); length += 3) {
      Files.writeString(directory.resolve("cache/verdict"), whole.substring(0, length));
      probed.clear();
      choose("1");
      assertThat(probed).hasSize(1);
    }
  }

  @Test
  void aForgottenVerdictIsTriedAnew() {
    choose("1");
    choice().forget();
    choose("1");
    choice().forget();
    choice().forget();

    assertThat(probed).hasSize(2);
  }

  @Test
  void theVariableOverridesAndTriesNothing() throws IOException {
    env.put(AcceleratorChoice.VARIABLE, "tcg");
    assertThat(choose("1").kind()).isEqualTo(Accelerator.Kind.TCG);
    env.put(AcceleratorChoice.VARIABLE, "kvm");
    Files.delete(device);
    assertThat(choose("1").kind()).isEqualTo(Accelerator.Kind.KVM);
    assertThat(probed).isEmpty();
  }

  @Test
  void anotherValueOfTheVariableIsRefused() {
    env.put(AcceleratorChoice.VARIABLE, "hvf");

    assertThatThrownBy(() -> choose("1"))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
        .hasMessageContaining("CARAFE_ACCEL must be kvm or tcg");
  }

  @Test
  void asRootADeviceThatQemusUserCannotOpenIsNotUsed() throws IOException {
    root = true;
    Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("rw-------"));

    assertThat(choose("1"))
        .isEqualTo(Accelerator.tcg(device + " is only for root, and QEMU runs as another user"));
    assertThat(probed).isEmpty();
  }

  @Test
  void asRootADeviceForAllNeedsNoGroup() {
    root = true;

    assertThat(choose("1").group()).isEmpty();
    assertThat(choose("1").kind()).isEqualTo(Accelerator.Kind.KVM);
  }

  private Accelerator choose(String kernel) {
    return choice().choose(new Kernel(kernel, Path.of("/kernels", kernel)), Progress.silent());
  }

  private AcceleratorChoice choice() {
    return new AcceleratorChoice(
        env,
        device,
        directory.resolve("cpuinfo"),
        qemu,
        directory.resolve("cache/verdict"),
        OTHER_USER,
        root,
        vmlinux -> {
          probed.add(vmlinux);
          return failure;
        });
  }
}
