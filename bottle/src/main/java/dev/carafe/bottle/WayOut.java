package dev.carafe.bottle;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;

/**
 * The way out of a bottle that this process has launched: one sidecar after another, with no way
 * out between them. Any thread; all methods but {@link #isOpen} block.
 */
final class WayOut implements AutoCloseable {
  private final Machine machine;
  private final SidecarSpec spec;
  private volatile Sidecar sidecar;
  private boolean ended;

  private WayOut(Machine machine, SidecarSpec spec, Sidecar sidecar) {
    this.machine = machine;
    this.spec = spec;
    this.sidecar = sidecar;
  }

  /**
   * Starts the machine, if it does not run, with its way out open.
   *
   * @throws MachineException when either is not possible; then the machine is as it was
   */
  static WayOut start(Machine machine, SidecarSpec spec) {
    return new WayOut(machine, spec, Sidecar.start(machine, spec));
  }

  boolean isOpen() {
    return sidecar.isOpen();
  }

  /** Closes it until it is opened again. */
  synchronized void shut() {
    sidecar.close();
  }

  /**
   * Opens it if it is not open.
   *
   * @throws BottleException when the bottle has ended
   * @throws MachineException when it cannot be opened; it is closed then
   */
  synchronized void open() {
    if (ended) {
      throw new BottleException("the bottle has ended, and so has its way out");
    }
    if (!sidecar.isOpen()) {
      // One whose gateway has ended by itself may still be at its own end.
      sidecar.close();
      sidecar = Sidecar.open(machine, spec);
    }
  }

  /** The end of it. Idempotent. */
  @Override
  public synchronized void close() {
    ended = true;
    sidecar.close();
  }
}
