package dev.carafe.cli;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * What a machine's network is held open by when who started the machine is gone; started by Carafe
 * itself, and listed nowhere. Waits for a line, so that it can be started before there is a machine
 * to attach to; says for each line after that how many connections have come to the gateway's port
 * for trying; and ends when the machine does.
 */
final class RelayVerb extends Verb {
  static final String NAME = "_relay";

  /** How long closing may take when the machine is gone: the relay must not outlive it for long. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  @Override
  String summary() {
    return "Holds a machine's network open (for Carafe's own use).";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.value("NAME", "The machine.", "-n", "--name").arguments(1, "NAME");
  }

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    String name = arguments.requiredMachineName();
    try (Machines machines = context.machines()) {
      if (!told(console)) {
        return ExitCode.FAILED;
      }
      try (Gateway gateway = gateway(Context.find(machines, name), context)) {
        CountDownLatch closed = ending(gateway, GRACE, context.signals());
        console.line("open");
        while (told(console)) {
          console.line(Integer.toString(gateway.seenAtGate()));
        }
        // What starting has used is given back; from here on it mostly waits.
        System.gc();
        closed.await();
      } catch (MachineException e) {
        console.line(Failures.sentence(e).replace('\n', ' '));
        return ExitCode.FAILED;
      }
      return ExitCode.OK;
    } catch (InterruptedException e) {
      return ExitCode.FAILED;
    }
  }

  /**
   * Counted down when the gateway is closed; after the grace, this process ends whatever hangs.
   * Blocks nothing.
   */
  static CountDownLatch ending(Gateway gateway, Duration grace, Signals signals) {
    CountDownLatch closed = new CountDownLatch(1);
    gateway.onClose(
        () -> {
          closed.countDown();
          Thread.ofPlatform().daemon().name("carafe-relay-end").start(() -> end(grace, signals));
        });
    return closed;
  }

  private static void end(Duration grace, Signals signals) {
    try {
      Thread.sleep(grace);
      signals.die(ExitCode.FAILED);
    } catch (InterruptedException e) {
      // Nobody interrupts this thread.
      Thread.currentThread().interrupt();
    }
  }

  private static Gateway gateway(Machine machine, Context context) {
    Optional<SidecarSpec> sidecar = SidecarSpec.of(machine.spec(), context.env());
    return sidecar.isPresent()
        ? Sidecar.open(machine, sidecar.get().withNotes(context.console()::note))
        : machine.attach(Services.NONE);
  }

  /** Whether a line came; without it, who would have sent it is gone. */
  private static boolean told(Console console) {
    try {
      return console.in().read() == '\n';
    } catch (IOException e) {
      return false;
    }
  }
}
