package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.channel.Channel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

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

  /** Begins something on a channel that has room for it. */
  <T> T use(Run run, Function<Channel, T> work) {
    for (; ; ) {
      Channel channel = channel(run);
      try {
        return work.apply(channel);
      } catch (MachineException e) {
        // Others were quicker, and took what room it had.
        if (e.code() != ErrorCode.STATE || channel.hasRoom() || !channel.isOpen()) {
          throw e;
        }
      }
    }
  }

  /** {@link #use} for work without a result. */
  void with(Run run, Consumer<Channel> work) {
    use(
        run,
        channel -> {
          work.accept(channel);
          return true;
        });
  }

  private synchronized Channel channel(Run run) {
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
