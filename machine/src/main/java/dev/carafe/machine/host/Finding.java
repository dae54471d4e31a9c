package dev.carafe.machine.host;

import java.util.Objects;

/**
 * One line of what {@link Host#doctor} found.
 *
 * @param what what was looked at, a short name: {@code "qemu-system-x86_64"}
 * @param state whether it is as it should be
 * @param detail what was found, for a person
 * @param fix what to do about it; empty when there is nothing to do
 */
public record Finding(String what, State state, String detail, String fix) {

  /** How bad it is. */
  public enum State {
    /** There, and fit for use. */
    FOUND,
    /** Works, but a person should know something about it. */
    NOTE,
    /** Machines cannot run until it is fixed. */
    MISSING,
  }

  public Finding {
    Objects.requireNonNull(what);
    Objects.requireNonNull(state);
    Objects.requireNonNull(detail);
    Objects.requireNonNull(fix);
  }
}
