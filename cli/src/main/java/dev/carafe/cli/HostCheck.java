package dev.carafe.cli;

import dev.carafe.image.Progress;
import java.util.List;

/** What this computer needs to run machines, and getting it. */
interface HostCheck {
  /**
   * One thing that was looked at.
   *
   * @param what a short name
   * @param state {@code found}, {@code note} (it works, but a person should know something about
   *     it) or {@code missing}
   * @param detail what was found, for a person
   * @param fix what to do about it; empty when there is nothing to do
   */
  record Finding(String what, String state, String detail, String fix) {
    boolean missing() {
      return state.equals("missing");
    }
  }

  List<Finding> doctor();

  /** Installs and prepares what is missing, or throws with the line to type. */
  void setup(Progress progress);
}
