package dev.carafe.cli;

import dev.carafe.image.Progress;
import dev.carafe.machine.host.Finding;
import java.util.List;

/** What the command line needs of the host; see {@code dev.carafe.machine.host.Host}. */
interface HostCheck {
  List<Finding> doctor();

  void setup(Progress progress);
}
