package dev.carafe.machine.qemu;

import dev.carafe.image.Image;
import dev.carafe.machine.host.Accelerator;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's command line. The devices are the same in a template and in what is restored from it, in
 * the same order; only what stands behind them differs. There is no network device, and none can be
 * added: nobody but us speaks QMP.
 *
 * <p>All paths are those inside the jail.
 */
final class QemuArguments {
  /** Ports for requests, {@code carafe.1} to {@code carafe.16}. */
  static final int PORTS = 16;

  /**
   * {@code carafe.net}, which carries the guest's connections. It comes first: an agent that has
   * found the last of the others need not wait for it.
   */
  private static final int NETWORK_PORT = 1;

  /** What is kept of a running machine's console, in memory: it is the guest's to fill. */
  private static final int CONSOLE_BYTES = 65_536;

  /**
   * All that the emulator has, but for the promise that moving memory byte by byte is quick
   * (enhanced and fast short {@code rep movsb}, {@code rep stosb}): it is for real processors. The
   * emulator goes once round a loop for each repetition, and without the promise the guest's kernel
   * moves eight bytes in each.
   */
  private static final String EMULATED_CPU = "max,-erms,-fsrm";

  private final List<String> arguments = new ArrayList<>();

  private QemuArguments() {}

  /** A first boot, whose memory becomes the template's. */
  static List<String> boot(Shape shape, String name) {
    var qemu = new QemuArguments();
    qemu.machine(shape, name, true);
    qemu.add("-kernel", "/kernel", "-initrd", "/initramfs");
    qemu.add(
        "-append",
        // Mitigations protect processes of one guest from each other and cost most under emulation.
        // The machine itself is
        // the boundary here.
        "console=ttyS0 quiet panic=0 mitigations=off random.trust_cpu=on tsc=reliable no_timer_check");
    qemu.add("-chardev", "file,id=console,path=/console");
    qemu.devices(0);
    return qemu.arguments;
  }

  /**
   * A machine that waits for a template's state.
   *
   * @param keep write what the guest does to its memory into the memory file: for making the next
   *     template
   * @param deltas how many of its image's deltas there are, at {@link #delta}
   */
  static List<String> restore(Shape shape, String name, boolean keep, int deltas) {
    var qemu = new QemuArguments();
    qemu.machine(shape, name, keep);
    qemu.add("-chardev", "ringbuf,id=console,size=" + CONSOLE_BYTES);
    qemu.devices(deltas);
    qemu.add("-incoming", "defer");
    return qemu.arguments;
  }

  private void add(String... more) {
    arguments.addAll(List.of(more));
  }

  private void machine(Shape shape, String name, boolean shared) {
    Accelerator.Kind kind = shape.accelerator().kind();
    add(shape.qemu().toString(), "-name", name + ",process=carafe-vm");
    add("-nodefaults", "-no-user-config", "-display", "none");
    add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    add("-machine", "q35,memory-backend=memory,usb=off,vmport=off,graphics=off");
    add("-accel", kind == Accelerator.Kind.TCG ? "tcg,thread=multi" : "kvm");
    add("-cpu", kind == Accelerator.Kind.TCG ? EMULATED_CPU : "host");
    add("-smp", Integer.toString(shape.cpus()), "-m", Integer.toString(shape.memoryMib()));
    add(
        "-object",
        "memory-backend-file,id=memory,size="
            + shape.memoryMib()
            + "M,mem-path="
            + Jail.MEMORY
            + ",share="
            + (shared ? "on" : "off"));
    // A guest that panics stays, so that its console can be read; one that turns itself off or
    // reboots is over.
    add("-action", "panic=pause,reboot=shutdown,shutdown=poweroff");
    add("-qmp", "unix:/sockets/qmp,server=on,wait=off");
  }

  /** Where the delta of that number, from 0, is inside. */
  static String delta(int number) {
    return "/delta" + number;
  }

  private void devices(int deltas) {
    add("-serial", "chardev:console");
    add("-device", "pvpanic-pci");
    add("-device", "virtio-serial-pci,id=ports,max_ports=" + (NETWORK_PORT + PORTS + 1));
    port(NETWORK_PORT, "net", "carafe.net");
    for (int n = 1; n <= PORTS; n++) {
      port(NETWORK_PORT + n, "p" + n, "carafe." + n);
    }
    // A full host disk is the guest's I/O error: QEMU's default would stop the machine without a
    // word.
    add("-blockdev", "driver=file,node-name=image-file,filename=/image,read-only=on,locking=off");
    add("-blockdev", "driver=raw,node-name=image,file=image-file,read-only=on");
    add("-device", "virtio-blk-pci,drive=image,rerror=report,werror=report");
    add(
        "-blockdev",
        "driver=file,node-name=overlay-file,filename=/overlay,locking=off,discard=unmap");
    add("-blockdev", "driver=raw,node-name=overlay,file=overlay-file,discard=unmap");
    add("-device", "virtio-blk-pci,drive=overlay,rerror=report,werror=report");
    add("-device", "virtio-rng-pci");
    // After the others, so that what these are called in the guest is as it was without deltas.
    for (int i = 0; i < Image.MOST_DELTAS; i++) {
      delta(i, i < deltas);
    }
  }

  /** A disk for a delta; without one it reads as zeros and has no file. */
  private void delta(int number, boolean used) {
    String node = "delta" + number;
    if (used) {
      add(
          "-blockdev",
          "driver=file,node-name="
              + node
              + "-file,filename="
              + delta(number)
              + ",read-only=on,locking=off");
      add("-blockdev", "driver=raw,node-name=" + node + ",file=" + node + "-file,read-only=on");
    } else {
      add(
          "-blockdev",
          "driver=null-co,node-name="
              + node
              + ",size="
              + Image.DISK_BYTES
              + ",read-zeroes=on,read-only=on");
    }
    add("-device", "virtio-blk-pci,drive=" + node + ",rerror=report,werror=report");
  }

  /** A port: a socket on the host, a named character device in the guest. */
  private void port(int number, String socket, String name) {
    add("-chardev", "socket,id=" + socket + ",path=/sockets/" + socket + ",server=on,wait=off");
    add(
        "-device",
        "virtserialport,bus=ports.0,nr=" + number + ",chardev=" + socket + ",name=" + name);
  }
}
