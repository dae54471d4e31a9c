package dev.carafe.bench;

import dev.carafe.image.Progress;
import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Host;
import dev.carafe.machine.host.Kernel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * QEMU as anybody would start it: the same kernel and initramfs, no jail, no template, no disks;
 * until the agent has answered a greeting ({@code docs/protocol.md}).
 */
final class PlainBoot {
  private static final byte[] MAGIC = "CARAFE\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int PORTS = 16;

  private final Lab lab;
  private final Samples samples;
  private final Host host;

  PlainBoot(Lab lab, Samples samples) {
    this.lab = lab;
    this.samples = samples;
    this.host = Host.of(lab.home(), System.getenv());
  }

  Accelerator accelerator() {
    return host.accelerator(host.kernel(Progress.silent()), Progress.silent());
  }

  Kernel kernel() {
    return host.kernel(Progress.silent());
  }

  void boot() throws IOException, InterruptedException {
    Kernel kernel = kernel();
    Path sockets = Files.createTempDirectory(lab.scratch(), "boot");
    List<String> command =
        new ArrayList<>(
            List.of(
                host.program("qemu-system-x86_64").toString(),
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-machine",
                "q35,accel=" + accelerator().kind().qemuName(),
                "-cpu",
                "max",
                "-smp",
                "2",
                "-m",
                "2048",
                "-kernel",
                kernel.vmlinux().toString(),
                "-initrd",
                host.initramfs(kernel).toString(),
                "-append",
                "console=ttyS0 quiet mitigations=off",
                "-serial",
                "file:" + sockets.resolve("console"),
                "-device",
                "virtio-serial-pci,id=ports,max_ports=" + (PORTS + 2)));
    port(command, sockets, 1, "net", "carafe.net");
    for (int n = 1; n <= PORTS; n++) {
      port(command, sockets, n + 1, "p" + n, "carafe." + n);
    }
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(sockets.resolve("log").toFile())
            .start();
    try {
      greet(process, sockets.resolve("p1"));
      samples.addSince("plain qemu: boot → the agent's first answer", start);
    } finally {
      process.destroyForcibly();
      process.waitFor(10, TimeUnit.SECONDS);
      Lab.deleteTree(sockets);
    }
  }

  private static void port(
      List<String> command, Path sockets, int number, String socket, String name) {
    command.addAll(
        List.of(
            "-chardev",
            "socket,id=" + socket + ",path=" + sockets.resolve(socket) + ",server=on,wait=off",
            "-device",
            "virtserialport,bus=ports.0,nr=" + number + ",chardev=" + socket + ",name=" + name));
  }

  private static void greet(Process process, Path socket) throws IOException, InterruptedException {
    while (!Files.exists(socket)) {
      if (!process.isAlive()) {
        throw new IOException("QEMU ended");
      }
      Thread.sleep(1);
    }
    try (SocketChannel channel = connect(socket)) {
      var hello = ByteBuffer.allocate(12 + 28).order(ByteOrder.LITTLE_ENDIAN);
      hello.put((byte) 1).put((byte) 0).putShort((short) 0).putInt(0).putInt(28);
      hello.put(MAGIC).putShort((short) 1).putShort((short) 1).putLong(1).putLong(2).flip();
      while (hello.hasRemaining()) {
        channel.write(hello);
      }
      ByteBuffer answer = ByteBuffer.allocate(20);
      while (answer.hasRemaining()) {
        if (channel.read(answer) < 0) {
          throw new IOException("QEMU closed the port");
        }
      }
      for (int i = 0; i < MAGIC.length; i++) {
        if (answer.get(12 + i) != MAGIC[i]) {
          throw new IOException("the agent answered something else");
        }
      }
    }
  }

  private static SocketChannel connect(Path socket) throws IOException, InterruptedException {
    for (; ; ) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
      } catch (java.net.ConnectException e) {
        Thread.sleep(1); // bound, and not listening yet
      }
    }
  }
}
