package dev.carafe.machine.qemu;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.network.Prover;
import dev.carafe.machine.network.Relay;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;

/** The network of one machine while it runs: who holds it, and whether it is what it should be. */
final class MachineNetwork {
  private static final Duration OPEN = Duration.ofSeconds(60);

  private final QemuMachines engine;
  private final MachineDirectory directory;
  private final Optional<Runnable> opener;

  /**
   * @param opener opens the network in this process, with services; if empty, there are none but
   *     those that a keeper gives
   */
  MachineNetwork(QemuMachines engine, MachineDirectory directory, Optional<Runnable> opener) {
    this.engine = engine;
    this.directory = directory;
    this.opener = opener;
  }

  /** Throws when a port that is to be published is another running machine's. */
  void requireFreePorts(Network network) {
    for (PublishedPort port : network.ports()) {
      for (Machine other : engine.list()) {
        if (!other.name().equals(directory.name()) && publishes(other, port)) {
          throw new MachineException(
              ErrorCode.STATE,
              "start machine '" + directory.name() + "'",
              "host port "
                  + port.host()
                  + " is already in use by running machine '"
                  + other.name()
                  + "'");
        }
      }
    }
  }

  private static boolean publishes(Machine other, PublishedPort port) {
    try {
      return other.spec().network().ports().stream().anyMatch(has -> has.host() == port.host())
          && other.status().running();
    } catch (MachineException e) {
      return false; // it is gone, or damaged
    }
  }

  /** Begins the process that is to hold the network, when one is needed. */
  Optional<Keeper> prepare(Network network) {
    if (opener.isPresent() || !network.needsRelay() || engine.keeper().isEmpty()) {
      return Optional.empty();
    }
    String setsid = engine.host().program("setsid").toString();
    return Optional.of(Keeper.begin(engine.keeper().get(), setsid, directory));
  }

  /**
   * Opens the network, held by {@code keeper} if there is one and else by this process, and has the
   * opener open what it opens. What has services only and nobody to give them stays closed.
   *
   * @return what its gateway has seen; empty when there is no network
   */
  Optional<IntSupplier> open(Run run, Network network, Optional<Keeper> keeper) {
    if (opener.isPresent()) {
      opener.get().run();
      return engine.gate(directory);
    }
    if (keeper.isPresent()) {
      keeper.get().open();
      return Optional.of(keeper.get()::seenAtGate);
    }
    if (!network.needsRelay() || waits(network)) {
      return Optional.empty();
    }
    return Optional.of(attach(run, network, Services.NONE)::seenAtGate);
  }

  /** Whether there is nothing to open before somebody comes with services. */
  private static boolean waits(Network network) {
    return network.reach() == Network.Reach.SERVICES && network.ports().isEmpty();
  }

  /** Opens the network again, when a running machine has lost who held it. */
  void reopen(Run run, Network network) throws IOException {
    if (opener.isEmpty() && !network.needsRelay() || Ports.networkIsHeld(directory)) {
      return;
    }
    Optional<Keeper> keeper = prepare(network);
    try {
      open(run, network, keeper);
      keeper.ifPresent(Keeper::leave);
    } catch (RuntimeException e) {
      keeper.ifPresent(Keeper::close);
      throw e;
    }
  }

  /** Opens the network with services; this process holds it. */
  Relay attach(Run run, Network network, Services services) {
    engine.letGo(directory);
    Relay relay = Ports.openNetwork(directory, run, network, services, OPEN);
    engine.hold(directory, relay);
    return relay;
  }

  /**
   * Tries the network from inside.
   *
   * @param gate what its gateway has seen; without, the guest's word is all there is
   */
  List<Proof> prove(
      Channel channel, Network network, Services services, Optional<IntSupplier> gate) {
    try {
      return network.needsRelay() || services != Services.NONE
          ? Prover.all(channel, network, services, gate)
          : Prover.interfaces(channel);
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.HOST,
          "prove the network of machine '" + directory.name() + "'",
          Storage.explain(e),
          e);
    }
  }

  /**
   * Throws when the network that was just opened lets through what it must not, or the other way
   * about.
   *
   * @param kept whether a process of its own holds it
   * @param gate what {@link #open} gave
   */
  void require(Channel channel, Network network, boolean kept, Optional<IntSupplier> gate) {
    Network opened = waits(network) && opener.isEmpty() && !kept ? Network.NONE : network;
    require(directory.name(), prove(channel, opened, engine.services(directory), gate));
  }

  static void require(String machine, List<Proof> proofs) {
    for (Proof proof : proofs) {
      if (!proof.holds()) {
        throw new MachineException(
            ErrorCode.GUEST,
            "prove the network of machine '" + machine + "'",
            proof.contradiction() + "; the machine was stopped");
      }
    }
  }
}
