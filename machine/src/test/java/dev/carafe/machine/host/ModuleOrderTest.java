package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ModuleOrderTest {
  private final Modules modules = new Modules();

  @Test
  void whatAModuleNeedsComesBeforeIt() throws IOException {
    modules.add("virtio", "");
    modules.add("virtio_ring", "virtio");
    modules.add("virtio_blk", "virtio_ring,virtio");
    modules.add("virtio_console", "virtio_ring");

    assertThat(order("virtio_console", "virtio_blk"))
        .containsExactly("virtio", "virtio_ring", "virtio_console", "virtio_blk");
  }

  @Test
  void hyphensAndUnderscoresAreTheSame() throws IOException {
    modules.add("rng_core", "");
    modules.add("virtio_rng", "rng-core");

    assertThat(order("virtio-rng")).containsExactly("rng_core", "virtio_rng");
  }

  @Test
  void whatTheKernelHasBuiltInIsLeftOut() throws IOException {
    modules.add("overlay", "ext4");

    assertThat(ModuleOrder.of(List.of("overlay", "ext4"), modules, Set.of("ext4")))
        .containsExactly("overlay");
  }

  @Test
  void aSoftDependencyIsLoadedBeforeIfThereIsSuchAModule() throws IOException {
    modules.add("crc32c_generic", "");
    modules.add("late", "");
    modules.add("ext4", "", "pre: crc32c_generic crypto-crc32c post: late");

    assertThat(order("ext4")).containsExactly("crc32c_generic", "ext4");
  }

  @Test
  void aMissingModuleIsNamedTogetherWithWhatNeedsIt() {
    modules.add("squashfs", "lz4_decompress");

    assertThatThrownBy(() -> order("squashfs"))
        .isInstanceOf(IOException.class)
        .hasMessage("the kernel has no module lz4_decompress, which squashfs needs");
  }

  @Test
  void aCircleIsAnErrorAndNotAnEndlessLoop() {
    modules.add("a", "b");
    modules.add("b", "a");

    assertThatThrownBy(() -> order("a")).hasMessageContaining("circle");
  }

  private List<String> order(String... wanted) throws IOException {
    return ModuleOrder.of(List.of(wanted), modules, Set.of());
  }

  private static final class Modules implements ModuleOrder.Source {
    private final Map<String, Map<String, String>> all = new HashMap<>();

    void add(String name, String depends) {
      all.put(name, Map.of("depends", depends));
    }

    void add(String name, String depends, String soft) {
      all.put(name, Map.of("depends", depends, "softdep", soft));
    }

    @Override
    public boolean has(String name) {
      return all.containsKey(name);
    }

    @Override
    public Map<String, String> information(String name) {
      return all.get(name);
    }
  }
}
