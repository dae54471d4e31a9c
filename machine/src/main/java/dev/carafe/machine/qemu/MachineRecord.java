package dev.carafe.machine.qemu;

import dev.carafe.machine.MachineSpec;
import java.time.Instant;
import java.util.Optional;

/**
 * What a machine is, as kept in {@code machine.json}.
 *
 * @param id 16 hexadecimal digits nobody else has; names the machine where its own name would be
 *     too long
 * @param imageDigest what its image's name meant at the first start: the overlay only makes sense
 *     on top of that
 * @param initDone its init commands have run
 * @param failure why its last start failed
 * @param owner for an ephemeral machine, the process that will remove it
 */
record MachineRecord(
    MachineSpec spec,
    String id,
    Instant created,
    Optional<String> imageDigest,
    boolean initDone,
    Optional<String> failure,
    Optional<Owner> owner) {

  /** A process that is responsible for something, and whether it still lives. */
  record Owner(long pid, long startTicks) {
    static Owner self() {
      long pid = ProcessHandle.current().pid();
      return new Owner(pid, HostProcess.startTicks(pid));
    }

    boolean alive() {
      return HostProcess.alive(pid, startTicks);
    }
  }

  MachineRecord withSpec(MachineSpec changed) {
    return new MachineRecord(changed, id, created, imageDigest, initDone, failure, owner);
  }

  MachineRecord withImage(String digest) {
    return new MachineRecord(spec, id, created, Optional.of(digest), initDone, failure, owner);
  }

  MachineRecord withInitDone() {
    return new MachineRecord(spec, id, created, imageDigest, true, failure, owner);
  }

  MachineRecord withoutOwner() {
    return new MachineRecord(spec, id, created, imageDigest, initDone, failure, Optional.empty());
  }

  MachineRecord withFailure(Optional<String> why) {
    return new MachineRecord(spec, id, created, imageDigest, initDone, why, owner);
  }
}
