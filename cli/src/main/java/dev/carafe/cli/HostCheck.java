package dev.carafe.cli;

import dev.carafe.image.Progress;
import java.util.List;

/** What this computer needs to run machines, and getting it. */
interface HostCheck {
  /**
   * One thing that is needed.
   *
   * @param name of the requirement
   * @param met whether it is there
   * @param found what was found, or what is wrong
   * @param fix what to do when it is not met; else empty
   */
  record Requirement(String name, boolean met, String found, String fix) {}

  List<Requirement> requirements();

  /** Installs and prepares what is missing, or throws with the line to type. */
  void setUp(Progress progress);
}
