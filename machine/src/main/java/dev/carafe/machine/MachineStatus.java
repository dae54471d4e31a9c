package dev.carafe.machine;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * How a machine is at one moment.
 *
 * @param pid the process that runs it, while {@link State#RUNNING} or {@link State#UNREACHABLE}
 */
public record MachineStatus(State state, OptionalLong pid, Instant created) {

  /** The states a machine can be in; {@code smolvm} has the same. */
  public enum State {
    /** Made, never started. */
    CREATED,
    /** Its process lives and answers. */
    RUNNING,
    /** Stopped, or its process is gone. */
    STOPPED,
    /** Its last start failed. */
    FAILED,
    /** Its process lives and does not answer. */
    UNREACHABLE;

    /** The word users see. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  public boolean running() {
    return state == State.RUNNING;
  }
}
