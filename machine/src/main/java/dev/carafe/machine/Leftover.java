package dev.carafe.machine;

/**
 * Something a killed process left behind, and which nobody uses: see {@link Machines#leftovers}.
 *
 * @param what one line for a person: what it is and where
 * @param before what could be done before it is removed, in a few words; empty if nothing
 * @param removal removes it; blocks
 */
public record Leftover(String what, String before, Runnable removal) {
  public Leftover(String what, Runnable removal) {
    this(what, "", removal);
  }
}
