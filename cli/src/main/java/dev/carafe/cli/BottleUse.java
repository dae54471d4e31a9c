package dev.carafe.cli;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.machine.MachineException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Uses a bottle beside the process that runs it. When its session ends meanwhile, that is what is
 * said, and not what became of a connection.
 */
final class BottleUse {
  /** What is seen first of a session's end is its connections' end; its machine follows. */
  private static final long PAUSE_NANOS = 50_000_000;

  private static final int PAUSES = 60;

  private BottleUse() {}

  /**
   * Uses a bottle.
   *
   * @param <T> what comes of it
   * @throws FailureException with {@link ExitCode#LOST} when its session has ended meanwhile
   */
  static <T> T of(Carafe carafe, String slug, Context context, Function<Bottle, T> use) {
    Bottle bottle = carafe.attach(slug);
    try {
      return use.apply(bottle);
    } catch (MachineException | FailureException | BottleException e) {
      if (isOfMachine(e) && ended(bottle)) {
        throw new FailureException(sentence(carafe, slug, context), ExitCode.LOST, e);
      }
      throw e;
    }
  }

  private static boolean isOfMachine(Throwable e) {
    for (Throwable each = e; each != null; each = each.getCause()) {
      if (each instanceof MachineException machine) {
        return switch (machine.code()) {
          case LOST, GUEST, STATE, NOT_FOUND -> true;
          default -> false;
        };
      }
    }
    return false;
  }

  private static boolean ended(Bottle bottle) {
    for (int i = 0; i < PAUSES && !Thread.currentThread().isInterrupted(); i++) {
      try {
        if (!bottle.machine().status().running()) {
          return true;
        }
      } catch (MachineException e) {
        return true; // it is gone
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return false;
  }

  private static String sentence(Carafe carafe, String slug, Context context) {
    String ended = "the session of '" + slug + "' has ended";
    try {
      return carafe.list().bottles().stream()
              .anyMatch(found -> found.record().slug().equals(slug) && stays(found))
          ? ended + "; '" + context.program().name() + " resume " + slug + "' goes on with it"
          : ended + ", and nothing of it was kept";
    } catch (BottleException e) {
      return ended;
    }
  }

  /** Whether it is kept, or will be when all of its session's end is done. */
  private static boolean stays(Found found) {
    return switch (found.record().phase()) {
      case RESUMED, KEPT -> true;
      case MAKING, READY, ENDED -> found.frozen().isPresent();
    };
  }
}
