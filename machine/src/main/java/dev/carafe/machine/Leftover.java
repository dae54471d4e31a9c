package dev.carafe.machine;

/**
 * Something a killed process left behind, and which nobody uses: see {@link Machines#leftovers}.
 *
 * @param what one line for a person: what it is and where
 * @param removal removes it; blocks
 */
public record Leftover(String what, Runnable removal) {}
