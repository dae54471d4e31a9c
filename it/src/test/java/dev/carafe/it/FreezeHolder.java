package dev.carafe.it;

import dev.carafe.image.Home;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.io.OutputStream;

/** Begins to freeze the machine of that name, says so with a plus sign, and takes no more of it. */
final class FreezeHolder {
  private FreezeHolder() {}

  public static void main(String[] arguments) {
    try (Machines machines = Machines.open(Home.of(System.getenv()), what -> {})) {
      Machine machine = machines.get(arguments[0]);
      machine.freeze(
          FreezeSpec.ALL,
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              System.out.print('+');
              System.out.flush();
              try {
                Thread.sleep(Long.MAX_VALUE);
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            }
          });
    }
  }
}
