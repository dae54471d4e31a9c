package dev.carafe.machine.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Boots the kernel, alone, until it complains that it has no root file system: that far it has run
 * on all its processors, with paging, timers and interrupts. A {@code /dev/kvm} that exists proves
 * nothing: where it is itself emulated or cut down, a guest may only burn time.
 */
final class BootProbe {
  /** Said by the kernel (init/do_mounts.c) when there is neither an initramfs nor a disk. */
  private static final String END = "Kernel panic - not syncing: VFS";

  private static final int MOST_OUTPUT = 1 << 20;

  private final Path qemu;
  private final Duration limit;

  BootProbe(Path qemu, Duration limit) {
    this.qemu = qemu;
    this.limit = limit;
  }

  /**
   * Blocks at most as long as the limit, and leaves no process.
   *
   * @param runAs a user and group id other than root's for QEMU to take on; empty to stay as it is
   * @return what went wrong, or empty if the kernel booted
   */
  Optional<String> failure(Accelerator.Kind kind, Path vmlinux, Optional<Integer> runAs) {
    List<String> argv =
        new ArrayList<>(
            List.of(
                qemu.toString(),
                "-nodefaults",
                "-no-user-config",
                "-no-reboot",
                "-display",
                "none",
                "-sandbox",
                "on,obsolete=deny,spawn=deny,resourcecontrol=deny",
                "-machine",
                "q35",
                "-accel",
                kind.qemuName(),
                "-cpu",
                kind == Accelerator.Kind.KVM ? "host" : "max",
                "-m",
                "256",
                "-kernel",
                vmlinux.toString(),
                "-append",
                "console=ttyS0 panic=-1",
                "-serial",
                "stdio"));
    runAs.ifPresent(id -> argv.addAll(List.of("-runas", id + ":" + id)));
    Process process;
    try {
      process =
          new ProcessBuilder(argv)
              // Where a QEMU that fails an assertion cannot leave a core file.
              .directory(Path.of("/proc").toFile())
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
    } catch (IOException e) {
      return Optional.of("QEMU cannot be run: " + e.getMessage());
    }
    CompletableFuture<String> console = new CompletableFuture<>();
    Thread.startVirtualThread(() -> console.complete(readUntilEnd(process.getInputStream())));
    try {
      String text = console.completeOnTimeout("", limit.toMillis(), TimeUnit.MILLISECONDS).join();
      if (text.contains(END)) {
        return Optional.empty();
      }
      return Optional.of(
          text.isEmpty()
              ? "a kernel did not finish booting on it within " + limit.toMillis() + " ms"
              : "a kernel did not boot on it: " + lastLine(text));
    } finally {
      Tool.kill(process);
    }
  }

  private static String readUntilEnd(InputStream console) {
    StringBuilder text = new StringBuilder();
    byte[] buffer = new byte[4096];
    try {
      for (int n; (n = console.read(buffer)) >= 0 && text.length() < MOST_OUTPUT; ) {
        text.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
        if (text.indexOf(END) >= 0) {
          break;
        }
      }
    } catch (IOException e) {
      // QEMU was killed; there is no more.
    }
    return text.isEmpty() ? "QEMU ended without a word" : text.toString();
  }

  private static String lastLine(String text) {
    return text.strip().lines().reduce((first, second) -> second).orElse("").strip();
  }
}
