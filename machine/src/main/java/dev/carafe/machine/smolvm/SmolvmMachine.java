package dev.carafe.machine.smolvm;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A machine that smolvm runs. */
final class SmolvmMachine implements Machine {
  private final Smolvm smolvm;
  private volatile MachineSpec spec;

  SmolvmMachine(Smolvm smolvm, MachineSpec spec) {
    this.smolvm = smolvm;
    this.spec = spec;
  }

  @Override
  public String name() {
    return spec.name();
  }

  @Override
  public MachineSpec spec() {
    return spec;
  }

  @Override
  public MachineStatus status() {
    SmolvmListing listed = listed("ask for the status of");
    return new MachineStatus(listed.state(), listed.pid(), listed.created());
  }

  /** From the list, because that changes nothing; the verb for one machine may make its disks. */
  private SmolvmListing listed(String verb) {
    return smolvm.machineList().stream()
        .filter(listed -> listed.name().equals(name()))
        .findFirst()
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.NOT_FOUND,
                    verb + " machine '" + name() + "'",
                    "vm not found: " + name()));
  }

  @Override
  public boolean start() {
    return smolvm.machineStart(name());
  }

  /** Stops the machine; how long that may take smolvm decides itself, about ten seconds. */
  @Override
  public boolean stop(Duration grace) {
    return smolvm.machineStop(name());
  }

  @Override
  public void delete() {
    smolvm.machineDelete(name());
  }

  @Override
  public void update(MachineSpec changed) {
    MachineSpec before = spec;
    if (!sameButForWhatChanges(before, changed)) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          "change machine '" + name() + "'",
          "smolvm changes only CPUs, memory, disk sizes, environment and working directory; delete"
              + " it and create it anew");
    }
    Map<String, String> env = new LinkedHashMap<>(changed.env());
    env.entrySet().removeAll(before.env().entrySet());
    List<String> removed =
        before.env().keySet().stream().filter(key -> !changed.env().containsKey(key)).toList();
    SmolvmUpdate change =
        new SmolvmUpdate(
            difference(before.cpus(), changed.cpus()),
            difference(before.memoryMib(), changed.memoryMib()),
            difference(before.storageGib(), changed.storageGib()),
            difference(before.overlayGib(), changed.overlayGib()),
            env,
            removed,
            changed.directory().filter(path -> !before.directory().equals(Optional.of(path))));
    if (!change.isEmpty()) {
      smolvm.machineUpdate(name(), change);
    }
    spec = changed;
  }

  private static boolean sameButForWhatChanges(MachineSpec before, MachineSpec changed) {
    return before.name().equals(changed.name())
        && before.image().equals(changed.image())
        && before.user().equals(changed.user())
        && before.init().equals(changed.init())
        && before.workload().equals(changed.workload())
        && before.labels().equals(changed.labels())
        && before.network().equals(changed.network())
        && before.ephemeral() == changed.ephemeral()
        && (changed.directory().isPresent() || before.directory().isEmpty());
  }

  private static OptionalInt difference(int before, int after) {
    return before == after ? OptionalInt.empty() : OptionalInt.of(after);
  }

  @Override
  public Execution exec(ExecSpec command) {
    return smolvm.machineExecution(name(), command, spec.user());
  }

  /** Runs a command of ours, as root whatever the machine's default user is. */
  private Execution asRoot(ExecSpec command) {
    return smolvm.machineExecution(name(), command, Optional.empty());
  }

  /**
   * Through tar and a shell in the guest, which must have both: smolvm itself copies only regular
   * files, without mode or owner before 1.9.0. A single file appears at once; the files of a tree
   * one after the other.
   */
  @Override
  public void copyIn(Path host, String guest, CopyOptions options) {
    new CopyIn(name(), this::asRoot).copy(host, guest, options);
  }

  /** Through tar and a shell in the guest, which must have both. */
  @Override
  public void copyOut(String guest, Path host, CopyOptions options) {
    SmolvmListing listed = listed("copy from");
    // Nothing in the guest can be larger than its disks, unless it lies or has holes.
    long most = ((long) listed.storageGib() + listed.overlayGib() + 1) << 30;
    new CopyOut(name(), this::asRoot, most).copy(guest, host, options);
  }

  @Override
  public Path directory() {
    return smolvm.machineDataDirectory(name());
  }
}
