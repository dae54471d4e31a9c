package dev.carafe.cli;

import java.util.List;

/** What killed processes left on this computer. */
interface Leftovers {
  /** One line for a person per thing; changes nothing. */
  List<String> find();

  /** Removes what {@link #find} lists; returns what was removed, in the same words. */
  List<String> remove();
}
