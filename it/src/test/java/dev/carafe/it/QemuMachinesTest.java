package dev.carafe.it;

import dev.carafe.machine.Machines;

/** The built-in engine keeps the contract. */
class QemuMachinesTest extends MachinesContract {
  @Override
  Machines open() {
    return Lab.machines();
  }
}
