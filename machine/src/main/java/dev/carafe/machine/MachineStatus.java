package dev.carafe.machine;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a machine is at one moment.
 *
 * @param pid the process that runs it, while {@link State#RUNNING} or {@link State#UNREACHABLE}
 * @param failure why its last start failed, where that is known and it is {@link State#FAILED};
 *     text from outside, of any length
 */
public record MachineStatus(
    State state, OptionalLong pid, Instant created, Optional<String> failure) {

  /** A status without a reason for a failure. */
  public MachineStatus(State state, OptionalLong pid, Instant created) {
    this(state, pid, created, Optional.empty());
  }

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

  /** Whether its process lives, answering or not. */
  public boolean alive() {
    return state == State.RUNNING || state == State.UNREACHABLE;
  }

  public boolean running() {
    return state == State.RUNNING;
  }
}
