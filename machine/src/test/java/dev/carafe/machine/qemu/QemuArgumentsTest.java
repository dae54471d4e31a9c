package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Image;
import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Kernel;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What QEMU is told. */
class QemuArgumentsTest {
  @Test
  void anEmulatedProcessorPromisesNoQuickMovesOfSingleBytes() {
    assertThat(after("-cpu", QemuArguments.restore(shape(Accelerator.Kind.TCG), "name", false, 0)))
        .isEqualTo("max,-erms,-fsrm");
  }

  @Test
  void aRealProcessorIsTheHosts() {
    assertThat(after("-cpu", QemuArguments.restore(shape(Accelerator.Kind.KVM), "name", false, 0)))
        .isEqualTo("host");
  }

  @Test
  void whatIsRestoredHasTheProcessorThatWasBooted() {
    for (Accelerator.Kind kind : Accelerator.Kind.values()) {
      assertThat(after("-cpu", QemuArguments.restore(shape(kind), "name", false, 0)))
          .isEqualTo(after("-cpu", QemuArguments.boot(shape(kind), "name")));
    }
  }

  @Test
  void anImageHasTheDisksOfTheTemplateHoweverManyDeltas() {
    List<String> booted = devices(QemuArguments.boot(shape(Accelerator.Kind.TCG), "name"));
    for (int deltas = 0; deltas <= Image.MOST_DELTAS; deltas++) {
      List<String> arguments =
          QemuArguments.restore(shape(Accelerator.Kind.TCG), "name", false, deltas);
      assertThat(devices(arguments)).isEqualTo(booted);
      assertThat(arguments.stream().filter(argument -> argument.contains("filename=/delta")))
          .hasSize(deltas)
          .allMatch(argument -> argument.contains("read-only=on"));
    }
  }

  private static List<String> devices(List<String> arguments) {
    return IntStream.range(1, arguments.size())
        .filter(i -> arguments.get(i - 1).equals("-device"))
        .mapToObj(arguments::get)
        .toList();
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
