package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.Progress;
import dev.carafe.machine.Machines;
import java.util.function.Consumer;

/**
 * The rooms to the right of this one, each opened when a command first needs it. The tests have a
 * second implementation, in memory.
 */
interface Rooms {
  /** The user's machines. */
  Machines machines(Progress progress);

  /**
   * The user's machines, for who starts some that are to have a network when this process is gone.
   */
  Machines lastingMachines(Progress progress);

  /** The user's images. */
  Images images();

  /** {@code .smolmachine} files. */
  Packs packs();

  /**
   * The user's bottles.
   *
   * @param notes hears what the operator should know while they run
   */
  Carafe carafe(Progress progress, Consumer<String> notes);

  /** What this computer needs to run machines. */
  HostCheck host();
}
