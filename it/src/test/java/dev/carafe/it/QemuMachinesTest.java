package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machines;
import org.junit.jupiter.api.Test;

/** The built-in engine keeps the contract. */
class QemuMachinesTest extends MachinesContract {
  @Override
  Machines open() {
    return Lab.machines();
  }

  @Test
  void whatTheGuestsKernelMakesUpIsLeftOutOfATree() throws Exception {
    shared.run(
        ExecSpec.shell(
            "mkdir -p /var/tmp/up/proc; mount -t proc proc /var/tmp/up/proc; echo x >/var/tmp/up/y"));
    shared.copyOut("/var/tmp/up", temp.resolve("up"));
    assertThat(temp.resolve("up/proc")).isEmptyDirectory();
    assertThat(temp.resolve("up/y")).hasContent("x\n");
    assertThatThrownBy(() -> shared.copyOut("/proc", temp.resolve("proc")))
        .hasMessageContaining("made up by the kernel");
  }
}
