package dev.carafe.bottle;

import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * What one session does with a bottle's state: takes it when it begins, and settles it when it has
 * ended. Nobody freezes the bottle before it is ready, and its end waits for a freeze that goes on.
 * Any thread.
 */
final class Keeping {
  private static final Duration FREEZE_LIMIT = Duration.ofMinutes(3);
  private static final Duration FREEZE_PAUSE = Duration.ofMillis(50);

  private final HeldBottle state;
  private final BottleLog log;
  private final boolean keptBefore;
  private final Phase before;
  private boolean asItWas;
  private volatile boolean kept;
  private volatile boolean machineStays;
  private Optional<Lock> unfrozen;

  private Keeping(HeldBottle state, BottleLog log, boolean keptBefore, Lock unfrozen) {
    this.state = state;
    before = state.record().phase();
    this.log = log;
    this.keptBefore = keptBefore;
    this.unfrozen = Optional.of(unfrozen);
  }

  /**
   * Takes the state of the bottle that a plan is for, or begins one.
   *
   * @throws BottleException when somebody else has it, or it is not any more what the plan was made
   *     for; then it is as it was
   */
  static Keeping take(
      Plan plan, BottleRecord fresh, BottleStates states, Machines machines, InstantSource clock)
      throws IOException {
    boolean isNew = plan.beginning() == Plan.Beginning.NEW && states.find(plan.slug()).isEmpty();
    HeldBottle state = isNew ? create(fresh, states) : hold(plan.slug(), states);
    try {
      BottleRecord record = state.record();
      if (!isNew && changed(plan, state, machines)) {
        throw new BottleException(
            "it has been used since this was planned; 'carafe list' shows what it is now");
      }
      Lock unfrozen =
          states
              .freezing(plan.slug())
              .orElseThrow(() -> new BottleException("it is being frozen just now; try again"));
      // What a killed session has done was never decided upon: it stays, as what was kept does.
      boolean keptBefore = plan.beginning() == Plan.Beginning.MACHINE;
      Keeping keeping = new Keeping(state, new BottleLog(state.log(), clock), keptBefore, unfrozen);
      try {
        // What a killed launch leaves is then not taken for a bottle that has ended.
        Phase begun = keptBefore ? Phase.RESUMED : Phase.MAKING;
        state.update(record.startedAt(clock.instant()).at(begun));
      } catch (IOException e) {
        unfrozen.close();
        throw e;
      }
      // What somebody has worked on is not taken away by a launch that fails.
      keeping.kept = keptBefore;
      keeping.log.say("started as '" + plan.label() + "'");
      return keeping;
    } catch (IOException | RuntimeException e) {
      if (isNew) {
        state.delete();
      } else {
        state.close();
      }
      throw e;
    }
  }

  private static HeldBottle create(BottleRecord fresh, BottleStates states) throws IOException {
    try {
      return states.create(fresh);
    } catch (FileAlreadyExistsException e) {
      throw new BottleException("there is a bottle of that name already", e);
    }
  }

  private static HeldBottle hold(String slug, BottleStates states) throws IOException {
    try {
      Optional<HeldBottle> held = states.hold(slug);
      if (held.isEmpty()) {
        throw new BottleException(
            states.find(slug).filter(BottleStates.Found::starting).isPresent()
                ? Preparation.starting(slug)
                : "somebody else runs it just now; 'carafe attach "
                    + slug
                    + "' opens another terminal on it");
      }
      return held.get();
    } catch (NoSuchFileException e) {
      throw new BottleException("it has been removed meanwhile", e);
    }
  }

  private static boolean changed(Plan plan, HeldBottle state, Machines machines)
      throws IOException {
    Optional<String> frozen = state.frozen();
    Plan.Beginning now =
        Plan.Beginning.of(state.record().phase(), machines.find(plan.slug()).isPresent(), frozen);
    return now != plan.beginning()
        || now == Plan.Beginning.FROZEN && !plan.image().reference().equals(frozen.orElse(""));
  }

  HeldBottle state() {
    return state;
  }

  BottleLog log() {
    return log;
  }

  /** Its machine stays when the session has ended. */
  synchronized void keep() {
    kept = true;
    try {
      // So that it is known also when this process is killed.
      if (state.record().phase() == Phase.READY) {
        state.update(state.record().at(Phase.RESUMED));
      }
    } catch (IOException e) {
      log.say("that it is to be kept cannot be written down: " + e.getMessage());
    }
  }

  boolean kept() {
    return kept;
  }

  /** The machine was not touched: what is to be said of the bottle is what was said before. */
  void leaveAsItWas() {
    asItWas = true;
  }

  /** There is a machine that has to be removed before the state is. */
  void machineMade() {
    machineStays = true;
  }

  void machineRemoved() {
    machineStays = false;
  }

  /**
   * The bottle has all that it needs.
   *
   * @param injected what it was given for this session only
   */
  synchronized void ready(List<String> injected) throws IOException {
    state.update(state.record().at(keptBefore ? Phase.RESUMED : Phase.READY).with(injected));
    kept = keptBefore;
    log.say("ready");
    unfrozen.ifPresent(Lock::close);
    unfrozen = Optional.empty();
  }

  /** Waits for a freeze that goes on, and lets no other begin. */
  synchronized void endFreezes(BottleStates states) throws IOException, InterruptedException {
    boolean over = false;
    try {
      awaitFreezes(states);
      over = true;
    } finally {
      // What somebody freezes is not taken away under them.
      kept |= !over;
    }
  }

  private void awaitFreezes(BottleStates states) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + FREEZE_LIMIT.toNanos();
    while (unfrozen.isEmpty()) {
      unfrozen = states.freezing(state.record().slug());
      if (unfrozen.isEmpty()) {
        if (System.nanoTime() > deadline) {
          throw new IOException("a freeze of it does not end");
        }
        Thread.sleep(FREEZE_PAUSE);
      }
    }
  }

  /** What was frozen, or is to be kept, stays; what has a machine left is for the clean-up. */
  synchronized void settle() throws IOException {
    try {
      if (asItWas) {
        state.update(state.record().at(before));
        log.say("its machine was left as it was");
      } else if (kept) {
        state.update(state.record().at(Phase.KEPT));
        log.say("ended; its machine is kept");
      } else if (machineStays) {
        log.say("ended; its machine could not be removed");
      } else if (state.frozen().isPresent()) {
        state.update(state.record().at(Phase.ENDED));
        log.say("ended");
      } else {
        state.delete();
      }
    } finally {
      state.close();
      unfrozen.ifPresent(Lock::close);
    }
  }
}
