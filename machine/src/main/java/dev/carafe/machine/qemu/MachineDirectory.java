package dev.carafe.machine.qemu;

import java.nio.file.Path;

/**
 * Where a machine's files are.
 *
 * <pre>
 * machine.json   what it is (MachineRecord)
 * run.json       the process that runs it (Run); absent when stopped
 * lock           held while it is created, started, stopped, changed, deleted
 * ports/N        locked by the host process that uses port N
 * qemu.log       what QEMU said when it was last started
 * denials.jsonl  what its network refused it
 * relay.log      what the process that holds its network said
 * vm/overlay.img everything the guest has written: the only file that QEMU may write
 * </pre>
 */
record MachineDirectory(Path path) {
  Path record() {
    return path.resolve("machine.json");
  }

  Path run() {
    return path.resolve("run.json");
  }

  Path lock() {
    return path.resolve("lock");
  }

  Path ports() {
    return path.resolve("ports");
  }

  Path log() {
    return path.resolve("qemu.log");
  }

  Path denials() {
    return path.resolve("denials.jsonl");
  }

  Path relayLog() {
    return path.resolve("relay.log");
  }

  Path vm() {
    return path.resolve("vm");
  }

  Path overlay() {
    return vm().resolve("overlay.img");
  }

  String name() {
    return path.getFileName().toString();
  }
}
