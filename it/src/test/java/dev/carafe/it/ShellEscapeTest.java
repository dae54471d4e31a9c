package dev.carafe.it;

import dev.carafe.machine.Machines;
import java.io.IOException;
import java.util.Map;

/** The whole escape suite against a launched bottle of the provider shell. */
final class ShellEscapeTest extends EscapeSuite {
  @Override
  Machines machines() {
    return Lab.machines();
  }

  @Override
  Bottle bottle(
      Machines machines, String routes, Map<String, String> planted, Map<String, String> host)
      throws IOException {
    return LaunchedBottle.launch(machines, "shell", "", routes, planted, host, directory);
  }
}
