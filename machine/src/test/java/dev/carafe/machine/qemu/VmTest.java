package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.MachineException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept and shown of a program that stands for QEMU. */
class VmTest {
  @TempDir private Path directory;

  private Vm spawn(String script) {
    return Vm.spawn(
        "try it",
        List.of("/bin/sh", "-c", script),
        directory.resolve("sockets"),
        directory.resolve("log"),
        Duration.ofSeconds(60));
  }

  @Test
  void aProgramThatEndsIsQuoted() {
    Vm vm = spawn("echo first; echo 'the reason' >&2; exit 1");
    assertThatThrownBy(vm::qmp)
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("QEMU ended; it said:\n  first\n  the reason");
  }

  @Test
  void aFloodOfWordsIsKeptOnlyToItsLimitAndDoesNotStopTheProgram() throws Exception {
    Vm vm = spawn("trap '' PIPE; yes 'all work and no play' | head -c 5000000; echo done >&2");
    assertThatThrownBy(vm::qmp).isInstanceOf(MachineException.class);
    assertThat(Files.size(directory.resolve("log"))).isEqualTo(65_536);
  }

  @Test
  void aDiskWithoutRoomForALogIsNamed() {
    // A file system that has no room at all.
    assertThat(Vm.fullDisk(Path.of("/proc/self"))).contains("/proc/self is full: make room");
    assertThat(Vm.fullDisk(directory)).isEmpty();
  }

  @Test
  void ofAHugeLogOnlyTheEndIsRead() throws Exception {
    Path log = directory.resolve("huge");
    try (FileChannel file =
        FileChannel.open(log, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap("\nlast words\n".getBytes(StandardCharsets.US_ASCII)), 8L << 30);
    }
    assertThat(Vm.tail("it said:", log)).isEqualTo("it said:\n  last words");
  }

  @Test
  void whatIsShownHoldsNoTerminalSequence() {
    assertThat(Vm.tail("it said:", "a\u001b[2Jb\u009bc\rd\n"))
        .doesNotContain("\u001b", "\u009b", "\r");
  }
}
