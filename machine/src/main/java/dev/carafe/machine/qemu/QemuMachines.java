package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.util.List;
import java.util.Optional;

public final class QemuMachines implements Machines {
  public static QemuMachines open(Home home, Progress progress) {
    throw new IllegalStateException();
  }

  @Override
  public Machine create(MachineSpec spec) {
    throw new IllegalStateException();
  }

  @Override
  public Optional<Machine> find(String name) {
    throw new IllegalStateException();
  }

  @Override
  public List<Machine> list() {
    throw new IllegalStateException();
  }

  @Override
  public void close() {}
}
