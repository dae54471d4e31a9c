package dev.carafe.bottle;

import dev.carafe.bottle.provision.ScratchDirectory;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.BottleStates.Damaged;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.bottle.state.BottleStates.Listing;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What killed sessions have left. Its removal is the end that the session would have had: what was
 * frozen or kept stays so. Whatever somebody uses by then is left alone.
 */
final class BottleLeftovers {
  private final BottleStates states;
  private final Machines machines;
  private final Path scratch;

  /**
   * @param scratch where copies of workspaces lie while they are looked at
   */
  BottleLeftovers(BottleStates states, Machines machines, Path scratch) {
    this.states = states;
    this.machines = machines;
    this.scratch = scratch;
  }

  /** Those that there are, before the machines' own. Changes nothing. */
  List<Leftover> find() throws IOException {
    // Before the bottles: a machine that is made meanwhile is then not taken for one without.
    List<Machine> before = machines.list();
    Listing listing = states.list();
    List<Leftover> found = new ArrayList<>();
    for (Found bottle : listing.bottles()) {
      String slug = bottle.record().slug();
      if (!bottle.live() && !bottle.kept()) {
        found.add(
            new Leftover(
                what(bottle), "'carafe resume " + slug + "' would go on with it", () -> end(slug)));
      }
    }
    for (Damaged damaged : listing.damaged()) {
      if (damaged.removable() && !runs(damaged.slug())) {
        found.add(
            new Leftover(
                "the state of a bottle that cannot be read ("
                    + damaged.why()
                    + "; its machine stays): "
                    + damaged.directory(),
                () -> remove(damaged)));
      }
    }
    for (Machine machine : before) {
      if (!states.isThere(machine.name())
          && isBottles(machine)
          && !rememberedElsewhere(machine)
          && !runs(machine)) {
        found.add(
            new Leftover(
                "machine '" + machine.name() + "', of a bottle of which nothing else is left",
                () -> removeMachine(machine)));
      }
    }
    for (Path left : ScratchDirectory.left(scratch)) {
      found.add(new Leftover("a copy of a bottle's files: " + left, () -> removeScratch(left)));
    }
    found.addAll(machines.leftovers());
    return found;
  }

  private static String what(Found bottle) {
    String slug = bottle.record().slug();
    if (bottle.record().phase() == Phase.RESUMED) {
      return "the killed session of bottle '" + slug + "', whose machine is kept";
    } else if (bottle.frozen().isPresent()) {
      return "the machine of bottle '"
          + slug
          + "', whose session was killed; what it was frozen to stays";
    }
    return "bottle '" + slug + "', whose session was killed";
  }

  private void end(String slug) {
    try {
      Optional<HeldBottle> taken = states.hold(slug);
      if (taken.isEmpty()) {
        throw new BottleException("bottle '" + slug + "' is running again; it was left alone");
      }
      try (HeldBottle held = taken.get();
          Lock unfrozen =
              states
                  .freezing(slug)
                  .orElseThrow(
                      () ->
                          new BottleException(
                              "bottle '" + slug + "' is being frozen; it was left alone"))) {
        BottleRecord record = held.record();
        if (record.phase() == Phase.RESUMED) {
          machines.find(slug).filter(BottleLeftovers::isBottles).ifPresent(Machine::stop);
          held.update(record.at(Phase.KEPT));
        } else if (record.phase() != Phase.KEPT) {
          machines.find(slug).filter(BottleLeftovers::isBottles).ifPresent(Machine::delete);
          if (held.frozen().isPresent()) {
            held.update(record.at(Phase.ENDED));
          } else {
            held.delete();
          }
        }
      }
    } catch (NoSuchFileException e) {
      // Somebody else has removed it.
    } catch (IOException e) {
      throw new BottleException(
          "bottle '" + slug + "' cannot be removed: " + Sentence.reason(e), e);
    }
  }

  private void remove(Damaged damaged) {
    try {
      if (runs(damaged.slug()) || !states.remove(damaged)) {
        throw new BottleException(
            "bottle '" + damaged.slug() + "' is in use, or whole by now; it was left alone");
      }
    } catch (IOException e) {
      throw new BottleException(
          damaged.directory() + " cannot be removed: " + Sentence.reason(e), e);
    }
  }

  private static void removeScratch(Path left) {
    try {
      ScratchDirectory.remove(left);
    } catch (IOException e) {
      throw new BottleException(Sentence.reason(e), e);
    }
  }

  /** In the state directory of another environment, where its routes file is. */
  private static boolean rememberedElsewhere(Machine machine) {
    return SidecarSpec.of(machine.spec(), Map.of())
        .filter(spec -> Files.exists(spec.routes()))
        .isPresent();
  }

  private void removeMachine(Machine machine) {
    if (machines.find(machine.name()).isEmpty()) {
      return; // somebody else has removed it
    }
    if (states.isThere(machine.name()) || !machine.deleteIfIdle()) {
      throw new BottleException(
          "machine '" + machine.name() + "' is used again; it was left alone");
    }
  }

  private boolean runs(String slug) {
    return machines.find(slug).filter(BottleLeftovers::runs).isPresent();
  }

  /** Where nobody can tell, it does. */
  private static boolean runs(Machine machine) {
    try {
      return machine.status().alive();
    } catch (MachineException e) {
      return e.code() != ErrorCode.NOT_FOUND;
    }
  }

  /** A machine that was made for a bottle of its name. */
  static boolean isBottles(Machine machine) {
    try {
      return machine.name().equals(machine.spec().labels().get(Launch.LABEL));
    } catch (MachineException e) {
      // Its record is damaged: nobody knows whose it is.
      return false;
    }
  }
}
