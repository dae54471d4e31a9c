package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.Test;

class ElfTest {
  @Test
  void readsWhatAModuleSaysOfItself() throws IOException {
    byte[] module = Elves.module("license=GPL", "depends=virtio,virtio_ring", "depends=x", "odd");

    assertThat(elf(module).moduleInformation())
        .isEqualTo(Map.of("license", "GPL", "depends", "virtio,virtio_ring"));
  }

  @Test
  void aKernelWithAPvhNoteCanBoot() throws IOException {
    assertThat(elf(Elves.bootableKernel(1000)).canBootByPvh()).isTrue();
  }

  @Test
  void aNoteOfAnotherOwnerOrTypeIsNone() throws IOException {
    assertThat(elf(Elves.kernel(1000, "GNU", 18)).canBootByPvh()).isFalse();
    assertThat(elf(Elves.kernel(1000, "Xen", 17)).canBootByPvh()).isFalse();
  }

  @Test
  void whatIsCutOffAnywhereIsRefusedOrHasNoNote() {
    byte[] module = Elves.module("depends=a");
    byte[] kernel = Elves.bootableKernel(400);
    for (int length = 0; length < module.length; length++) {
      byte[] cut = Arrays.copyOf(module, length);
      assertThatThrownBy(() -> elf(cut).moduleInformation()).isInstanceOf(IOException.class);
    }
    for (int length = 0; length < 230; length++) {
      byte[] cut = Arrays.copyOf(kernel, length);
      assertThatThrownBy(() -> elf(cut).canBootByPvh()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void nonsenseInAnyFieldNeverDoesMoreThanFail() {
    byte[] module = Elves.module("depends=a");
    byte[] kernel = Elves.bootableKernel(400);
    for (int at = 0; at < 260; at++) {
      byte[] brokenModule = module.clone();
      byte[] brokenKernel = kernel.clone();
      brokenModule[at % module.length] ^= (byte) 0xff;
      brokenKernel[at] ^= (byte) 0xff;
      try {
        elf(brokenModule).moduleInformation();
        elf(brokenKernel).canBootByPvh();
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith("it");
      }
    }
  }

  private static Elf elf(byte[] content) throws IOException {
    return new Elf(new SeekableInMemoryByteChannel(content));
  }
}
