package dev.carafe.machine.qemu;

import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.network.Denials;
import dev.carafe.machine.network.Relay;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/**
 * A machine's ports: each is used by one host process at a time, which holds the lock of the port's
 * file meanwhile. The file's only byte says whether its last user finished cleanly; one that was
 * killed may have left part of a frame under way, and the next one then sends padding first
 * (docs/protocol.md, "Opening a session").
 */
final class Ports {
  private static final byte DIRTY = 'd';
  private static final byte CLEAN = 'c';
  private static final Duration ANSWER = Duration.ofSeconds(30);

  /** After this long without an answer QEMU is asked how its guest is. */
  private static final Duration DOUBT = Duration.ofSeconds(3);

  private static final int WAIT_SECONDS = 60;

  private Ports() {}

  /** A channel, and the port that is given back when it is closed. */
  record Connection(Channel channel, Lock port) implements AutoCloseable {
    @Override
    public void close() {
      channel.close();
      try {
        if (channel.clean()) {
          mark(port, CLEAN);
        }
      } catch (IOException e) {
        // It stays dirty, which only costs the next user the padding.
      } finally {
        port.close();
      }
    }
  }

  /** Forgets how ports were left: for a machine that was just started. */
  static void reset(MachineDirectory machine) throws IOException {
    Storage.deleteTree(machine.ports());
    Storage.privateDirectory(machine.ports());
  }

  /** Takes the first free port and opens a channel; waits when all are in use. */
  static Connection connect(MachineDirectory machine, Run run) {
    String attempted = "connect to machine '" + machine.name() + "'";
    long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
    try {
      for (; ; ) {
        for (int number = 1; number <= QemuArguments.PORTS; number++) {
          Optional<Lock> lock = Lock.tryTake(machine.ports().resolve(Integer.toString(number)));
          if (lock.isPresent()) {
            return open(run, number, lock.get(), attempted);
          }
        }
        if (System.nanoTime() > deadline) {
          throw new MachineException(
              ErrorCode.TIMEOUT,
              attempted,
              "all its "
                  + QemuArguments.PORTS
                  + " ports have been in use for "
                  + WAIT_SECONDS
                  + " seconds");
        }
        Thread.sleep(20);
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.LOST, attempted, Storage.explain(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }

  /** A channel that is open already, on a port that nobody can know of yet. */
  static Connection adopt(MachineDirectory machine, Channel channel, int number)
      throws IOException {
    Lock port =
        Lock.tryTake(machine.ports().resolve(Integer.toString(number)))
            .orElseThrow(() -> new IOException("port " + number + " is in use"));
    mark(port, DIRTY);
    return new Connection(channel, port);
  }

  /** Whether a process holds the machine's network open. */
  static boolean networkIsHeld(MachineDirectory machine) throws IOException {
    return Lock.isTaken(network(machine));
  }

  /** Opens the machine's network, which is this process's until the relay is closed. */
  static Relay openNetwork(
      MachineDirectory machine, Run run, Network network, Services services, Duration limit) {
    String attempted = "open the network of machine '" + machine.name() + "'";
    try {
      Lock port =
          Lock.tryTake(network(machine))
              .orElseThrow(
                  () ->
                      new MachineException(
                          ErrorCode.STATE, attempted, "another process holds it open"));
      try {
        boolean clean = wasClean(port);
        mark(port, DIRTY);
        SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(run.network()));
        var denials = new Denials(machine.denials(), InstantSource.system());
        Relay relay = Relay.open(socket, clean, network, services, denials, limit);
        relay.onClose(() -> leave(relay, port));
        return relay;
      } catch (IOException | RuntimeException e) {
        port.close();
        throw e;
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.LOST, attempted, Storage.explain(e), e);
    }
  }

  private static void leave(Relay relay, Lock port) {
    try {
      if (relay.clean()) {
        mark(port, CLEAN);
      }
    } catch (IOException e) {
      // It stays dirty, which only costs the next user the padding.
    } finally {
      port.close();
    }
  }

  private static Path network(MachineDirectory machine) {
    return machine.ports().resolve("net");
  }

  private static Connection open(Run run, int number, Lock port, String attempted)
      throws IOException {
    try {
      boolean clean = wasClean(port);
      mark(port, DIRTY);
      Channel channel;
      try {
        channel = open(run.port(number), clean, DOUBT);
      } catch (MachineException e) {
        if (e.code() != ErrorCode.TIMEOUT) {
          throw e;
        }
        if (!QemuMachine.answers(run)) {
          throw new MachineException(
              ErrorCode.LOST,
              attempted,
              "its guest has crashed, or QEMU hangs: stop the machine and start it again",
              e);
        }
        channel = open(run.port(number), false, ANSWER); // it is only slow
      }
      return new Connection(channel, port);
    } catch (IOException | RuntimeException e) {
      port.close();
      throw e;
    }
  }

  private static Channel open(Path path, boolean clean, Duration limit) throws IOException {
    SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
    try {
      return Channel.open(socket, clean, limit);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static boolean wasClean(Lock port) throws IOException {
    ByteBuffer mark = ByteBuffer.allocate(1);
    // Nothing in the file: nobody has used the port since the machine was started.
    return port.channel().read(mark, 0) < 1 || mark.get(0) == CLEAN;
  }

  private static void mark(Lock port, byte mark) throws IOException {
    port.channel().write(ByteBuffer.wrap(new byte[] {mark}), 0);
  }
}
