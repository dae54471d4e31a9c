package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.channel.Channel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * One process's channels to one machine. All commands share the first; another is opened when a
 * channel has all the streams it may have. A channel that was lost, because the machine was stopped
 * and started again, is replaced.
 */
final class Connections implements AutoCloseable {
  private final MachineDirectory machine;
  private final List<Ports.Connection> open = new ArrayList<>();

  Connections(MachineDirectory machine) {
    this.machine = machine;
  }

  /** A channel with room for another stream. */
  synchronized Channel channel(Run run) {
    for (Iterator<Ports.Connection> each = open.iterator(); each.hasNext(); ) {
      Ports.Connection connection = each.next();
      if (!connection.channel().isOpen()) {
        each.remove();
        connection.close();
      } else if (connection.channel().hasRoom()) {
        return connection.channel();
      }
    }
    if (open.size() >= QemuArguments.PORTS) {
      throw new MachineException(
          ErrorCode.STATE,
          "use machine '" + machine.name() + "'",
          "this process runs as many commands in it as a machine can");
    }
    Ports.Connection connection = Ports.connect(machine, run);
    open.add(connection);
    return connection.channel();
  }

  synchronized void adopt(Ports.Connection connection) {
    open.add(connection);
  }

  @Override
  public synchronized void close() {
    open.forEach(Ports.Connection::close);
    open.clear();
  }
}
