package dev.carafe.it;

import dev.carafe.machine.Machines;

/** The built-in engine keeps the contract. */
class QemuMachinesIT extends MachinesContract {
  @Override
  Machines open() {
    return Machines.open();
  }
}
