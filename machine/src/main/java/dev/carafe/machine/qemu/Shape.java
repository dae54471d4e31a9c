package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Kernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * All that the state of a restored machine depends on. Two machines of one shape can be restored
 * from one template; a machine cannot be restored from a template of another shape.
 *
 * @param preload the library that QEMU is started with (see {@link Jail})
 */
record Shape(
    Kernel kernel,
    Path initramfs,
    Path qemu,
    Path preload,
    Accelerator accelerator,
    int cpus,
    int memoryMib) {

  /** Raised whenever the processor or the devices in {@link QemuArguments} change. */
  private static final int DEVICES = 4;

  /** Below this the kernel does not boot; a machine that asks for less gets this. */
  private static final int LEAST_MEMORY_MIB = 192;

  Shape {
    memoryMib = Math.max(memoryMib, LEAST_MEMORY_MIB);
  }

  /**
   * A name for this shape, fit for a directory. A QEMU that was replaced has another size or time.
   */
  String key() {
    try {
      String build = initramfs.getFileName().toString();
      return accelerator.kind().qemuName()
          + "-"
          + cpus
          + "x"
          + memoryMib
          + "-"
          + kernel.version()
          + "-"
          + build.substring(0, Math.min(16, build.length()))
          + "-"
          + Long.toHexString(Files.size(qemu) * 31 + Files.getLastModifiedTime(qemu).toMillis())
          + "-"
          + DEVICES;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, "look at " + qemu, Storage.explain(e), e);
    }
  }
}
