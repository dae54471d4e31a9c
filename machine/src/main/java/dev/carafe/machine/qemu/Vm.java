package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.channel.Channel;
import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A QEMU process that this process started, from its start until it can be left alone. Every wait
 * ends when QEMU does, with what QEMU said.
 */
final class Vm {
  /** What is shown of a log or a console when something went wrong. */
  private static final int TAIL_LINES = 12;

  /** So little is left of a disk that nothing could be copied to it. */
  private static final long SCARCE_BYTES = 1 << 16;

  /** The most that is read for them. */
  private static final int TAIL_BYTES = 8192;

  /** What is kept of QEMU's output: what it writes beyond that is lost, and costs nothing. */
  private static final int LOG_BYTES = 65_536;

  private final String attempted;
  private final Process process;
  private final Process logKeeper;
  private final Path sockets;
  private final Path log;
  private final long deadline;

  private Vm(
      String attempted, Process process, Process logKeeper, Path sockets, Path log, long deadline) {
    this.attempted = attempted;
    this.process = process;
    this.logKeeper = logKeeper;
    this.sockets = sockets;
    this.log = log;
    this.deadline = deadline;
  }

  /**
   * Starts QEMU; returns before it is up.
   *
   * @param command from {@link Jail#command}
   * @param limit for everything up to the guest's first answer
   */
  static Vm spawn(String attempted, List<String> command, Path sockets, Path log, Duration limit) {
    var builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    builder.directory(new File("/"));
    builder.redirectInput(new File("/dev/null"));
    builder.redirectErrorStream(true);
    // A session of its own, so that Ctrl-C does not end it before QEMU.
    var keeper =
        new ProcessBuilder("/bin/sh", "-c", "exec setsid head -c " + LOG_BYTES)
            .directory(new File("/"))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    keeper.environment().clear();
    keeper.environment().putAll(builder.environment());
    try {
      List<Process> started = ProcessBuilder.startPipeline(List.of(builder, keeper));
      return new Vm(
          attempted,
          started.get(0),
          started.get(1),
          sockets,
          log,
          System.nanoTime() + limit.toNanos());
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, attempted, Storage.explain(e), e);
    }
  }

  /**
   * Connects to QEMU's control socket as soon as it is there. Then all its sockets are, and are
   * taken from it: the guest, which has not run yet, will have no hold on them.
   */
  Qmp qmp() {
    try {
      while (!RuntimeDirectory.take(sockets, "qmp")) {
        pause();
      }
      Qmp qmp = connect();
      try {
        for (int n = 1; n <= QemuArguments.PORTS; n++) {
          if (!RuntimeDirectory.take(sockets, "p" + n)) {
            throw new IOException("QEMU has not made the socket of port " + n);
          }
        }
        if (!RuntimeDirectory.take(sockets, "net")) {
          throw new IOException("QEMU has not made the socket of the network's port");
        }
        RuntimeDirectory.closeNursery(sockets);
        return qmp;
      } catch (IOException | RuntimeException e) {
        qmp.close();
        throw e;
      }
    } catch (IOException e) {
      throw failed(Storage.explain(e), e);
    }
  }

  private Qmp connect() throws IOException {
    for (; ; ) {
      try {
        return Qmp.connect(sockets.resolve("qmp"), left());
      } catch (java.net.ConnectException e) {
        pause(); // bound, and not listening yet
      }
    }
  }

  /** Opens a channel through port 1, which nobody else uses yet. */
  Channel firstChannel() {
    try {
      var socket = SocketChannel.open(UnixDomainSocketAddress.of(sockets.resolve("p1")));
      return Channel.open(socket, true, left());
    } catch (IOException e) {
      throw failed(Storage.explain(e), e);
    } catch (MachineException e) {
      throw process.isAlive() ? e : failed("QEMU ended", e);
    }
  }

  /** QEMU itself: the only child of bubblewrap, which the process that was started became. */
  Run identify() {
    long parent = process.pid();
    try {
      String children =
          Files.readString(Path.of("/proc/" + parent + "/task/" + parent + "/children"));
      long pid = Long.parseLong(children.strip());
      long start = HostProcess.startTicks(pid);
      if (start >= 0) {
        return new Run(pid, start, sockets);
      }
    } catch (IOException | NumberFormatException e) {
      // It has just ended, or is not what we started.
    }
    throw failed("QEMU's process could not be found", null);
  }

  /** Waits until QEMU has ended by itself. */
  void awaitEnd() {
    try {
      if (!process.waitFor(left().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new MachineException(
            ErrorCode.TIMEOUT, attempted, "QEMU did not end in time" + said());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }

  /** Kills all that was started and waits for its end. Idempotent. */
  void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().join();
    awaitLog();
  }

  /** Lets the log be written to its end, which comes right after QEMU's. */
  private void awaitLog() {
    try {
      if (!logKeeper.waitFor(2, TimeUnit.SECONDS)) {
        logKeeper.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration left() {
    return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
  }

  /** Lets a millisecond pass; throws when QEMU has ended or the time is up. */
  void pause() {
    if (!process.isAlive()) {
      throw failed("QEMU ended", null);
    }
    if (System.nanoTime() > deadline) {
      throw new MachineException(
          ErrorCode.TIMEOUT, attempted, "QEMU was not ready in time" + said());
    }
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }

  private MachineException failed(String why, Exception cause) {
    return new MachineException(ErrorCode.ENGINE, attempted, why + said(), cause);
  }

  private String said() {
    if (!process.isAlive()) {
      awaitLog();
    }
    String said = tail("; it said:", log);
    return said.isEmpty() ? fullDisk(log.getParent()) : said;
  }

  /** Where there is no room for a log either, that is the reason; nothing where there is. */
  static String fullDisk(Path directory) {
    try {
      return Files.getFileStore(directory).getUsableSpace() < SCARCE_BYTES
          ? "; the disk that holds " + directory + " is full: make room on it"
          : "";
    } catch (IOException e) {
      return "";
    }
  }

  /** The last lines of a file of ours, after {@code introduction}; nothing when it is empty. */
  static String tail(String introduction, Path file) {
    try {
      return tail(introduction, end(file));
    } catch (IOException e) {
      return "";
    }
  }

  private static String end(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.position(Math.max(0, channel.size() - TAIL_BYTES));
      ByteBuffer bytes = ByteBuffer.allocate(TAIL_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
        // Until the file or the buffer ends.
      }
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
    }
  }

  /** The last lines of what a guest or QEMU wrote, without control characters. */
  static String tail(String introduction, String text) {
    List<String> lines =
        text.lines()
            .map(line -> line.replaceAll("\\p{Cc}", ""))
            .filter(line -> !line.isBlank())
            .toList();
    if (lines.isEmpty()) {
      return "";
    }
    return introduction
        + "\n  "
        + String.join("\n  ", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
  }
}
