package dev.carafe.it;

import dev.carafe.machine.Machines;
import dev.carafe.machine.smolvm.Smolvm;
import dev.carafe.machine.smolvm.SmolvmMachines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The smolvm engine keeps the contract, driving Carafe's own command line under that name. */
class SmolvmMachinesIT extends MachinesContract {
  @TempDir static Path links;

  @Override
  Machines open() throws IOException {
    Path smolvm = Files.createSymbolicLink(links.resolve("smolvm"), launcher());
    return new SmolvmMachines(new Smolvm(smolvm.toString(), System.getenv()));
  }

  /** {@code carafe} at the root of this repository. */
  private static Path launcher() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isExecutable(at.resolve("carafe")) && Files.exists(at.resolve("it/pom.xml"))) {
        return at.resolve("carafe");
      }
    }
    throw new AssertionError("no launcher above " + Path.of("").toAbsolutePath());
  }
}
