package dev.carafe.it;

import dev.carafe.machine.Machines;
import dev.carafe.machine.smolvm.Smolvm;
import dev.carafe.machine.smolvm.SmolvmMachines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The smolvm engine keeps the contract, driving Carafe's own command line under that name. */
class SmolvmMachinesTest extends MachinesContract {
  @TempDir static Path links;

  @Override
  Machines open() throws IOException {
    Path smolvm = Files.createSymbolicLink(links.resolve("smolvm"), Lab.launcher());
    return new SmolvmMachines(new Smolvm(smolvm.toString(), Lab.environment()));
  }
}
