package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Kernel;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What QEMU is told. */
class QemuArgumentsTest {
  @Test
  void anEmulatedProcessorPromisesNoQuickMovesOfSingleBytes() {
    assertThat(after("-cpu", QemuArguments.restore(shape(Accelerator.Kind.TCG), "name", false)))
        .isEqualTo("max,-erms,-fsrm");
  }

  @Test
  void aRealProcessorIsTheHosts() {
    assertThat(after("-cpu", QemuArguments.restore(shape(Accelerator.Kind.KVM), "name", false)))
        .isEqualTo("host");
  }

  @Test
  void whatIsRestoredHasTheProcessorThatWasBooted() {
    for (Accelerator.Kind kind : Accelerator.Kind.values()) {
      assertThat(after("-cpu", QemuArguments.restore(shape(kind), "name", false)))
          .isEqualTo(after("-cpu", QemuArguments.boot(shape(kind), "name")));
    }
  }

  private static String after(String option, List<String> arguments) {
    return arguments.get(arguments.indexOf(option) + 1);
  }

  private static Shape shape(Accelerator.Kind kind) {
    return new Shape(
        new Kernel("6.1", Path.of("/kernel")),
        Path.of("/initramfs"),
        Path.of("/usr/bin/qemu-system-x86_64"),
        Path.of("/preload.so"),
        new Accelerator(kind, "as the test wants it", OptionalInt.empty()),
        2,
        2_048);
  }
}
