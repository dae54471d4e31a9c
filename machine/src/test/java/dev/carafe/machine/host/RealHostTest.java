package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * On this host: the distribution's real kernel, fetched once for all builds of a checkout, the real
 * QEMU and bubblewrap.
 */
class RealHostTest {
  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

  private static Map<String, String> env;
  private static Home home;
  private static Kernel kernel;

  @TempDir Path directory;

  @BeforeAll
  static void fetchKernel() throws Exception {
    env = new HashMap<>(System.getenv());
    env.remove("XDG_DATA_HOME");
    env.remove(AcceleratorChoice.VARIABLE);
    env.put("HOME", Path.of("target/host-home").toAbsolutePath().toString());
    env.put("XDG_CACHE_HOME", Path.of("target/host-cache").toAbsolutePath().toString());
    home = Home.of(env);
    // Several at once, as processes would: one fetches, the others wait for it.
    List<Callable<Kernel>> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      all.add(() -> Host.of(home, env).kernel(Progress.silent()));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Kernel> one : threads.invokeAll(all)) {
        assertThat(kernel == null || kernel.equals(one.get())).isTrue();
        kernel = one.get();
      }
    }
  }

  @Test
  void theKernelIsWholeAndItsModulesAreInOrder() throws IOException {
    try (FileChannel vmlinux = FileChannel.open(kernel.vmlinux())) {
      assertThat(new Elf(vmlinux).canBootByPvh()).isTrue();
    }
    try (var files = Files.list(kernel.modules())) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertThat(names)
          .anyMatch(name -> name.matches("\\d{3}-virtio_pci\\.ko"))
          .anyMatch(name -> name.matches("\\d{3}-virtio_console\\.ko"))
          .anyMatch(name -> name.matches("\\d{3}-overlay\\.ko"))
          .anyMatch(name -> name.matches("\\d{3}-squashfs\\.ko"));
    }
    assertThat(Files.readSymbolicLink(currentLink())).isEqualTo(Path.of(kernel.version()));
  }

  @Test
  void nothingIsLeftOfTheFetching() throws IOException {
    try (var files = Files.list(kernel.directory().getParent())) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("."));
    }
  }

  @Test
  void whatAKilledProcessLeftIsRemovedByTheNextFetch() throws IOException {
    Path left = Files.createDirectories(kernel.directory().resolveSibling(".new-left/package"));
    Files.writeString(left.resolve("half.deb"), "half");
    Files.delete(currentLink());

    assertThat(Host.of(home, env).kernel(Progress.silent())).isEqualTo(kernel);
    assertThat(left.getParent()).doesNotExist();
  }

  @Test
  void aKernelThatIsThereAlreadyIsNotFetchedAgain() {
    List<String> steps = new ArrayList<>();

    Host.of(home, env).setup(steps::add);

    assertThat(steps).noneMatch(step -> step.startsWith("Unpacking"));
    assertThat(Host.of(home, env).kernel(steps::add)).isEqualTo(kernel);
  }

  @Test
  void theKernelBootsUnderEmulation() {
    assertThat(probe(Duration.ofMinutes(2), Accelerator.Kind.TCG)).isEmpty();
  }

  @Test
  void aKernelThatDoesNotGetThereInTimeIsKilledAndReaped() {
    assertThat(probe(Duration.ofMillis(1), Accelerator.Kind.TCG))
        .hasValueSatisfying(said -> assertThat(said).contains("did not finish booting"));
    assertThat(ProcessHandle.current().children().flatMap(child -> child.info().command().stream()))
        .noneMatch(command -> command.contains("qemu"));
  }

  @Test
  void aQemuThatEndsAtOnceIsAFailureWithItsLastWords() throws IOException {
    Path qemu = Files.writeString(directory.resolve("qemu"), "#!/bin/sh\necho no device\nexit 1\n");
    assertThat(qemu.toFile().setExecutable(true)).isTrue();

    assertThat(
            new BootProbe(qemu, Duration.ofMinutes(1))
                .failure(Accelerator.Kind.KVM, kernel.vmlinux(), Optional.empty()))
        .contains("a kernel did not boot on it: no device");
  }

  @Test
  void theVerdictOnKvmIsWhatTheProbeFinds() {
    Accelerator chosen = Host.of(home, env).accelerator(kernel, Progress.silent());

    // Whatever this host is: kvm may be chosen only if a kernel boots on it now.
    assertThat(
            chosen.kind() == Accelerator.Kind.TCG
                || probe(Duration.ofSeconds(20), Accelerator.Kind.KVM).isEmpty())
        .isTrue();
    assertThat(chosen.reason()).isNotBlank();
  }

  @Test
  void theInitramfsHoldsThisBuildsAgent() {
    assertThat(Host.of(home, env).initramfs(kernel)).exists();
  }

  @Test
  void theDoctorFindsEverythingHere() {
    List<Finding> findings = Host.of(home, env).doctor();

    assertThat(findings)
        .extracting(Finding::what)
        .contains("java", "qemu-system-x86_64", "user namespaces", "kernel", "accelerator");
    assertThat(findings).extracting(Finding::state).doesNotContain(Finding.State.MISSING);
    assertThat(findings)
        .filteredOn(finding -> finding.what().equals("accelerator"))
        .allSatisfy(
            finding ->
                assertThat(finding.detail().startsWith("kvm") || finding.detail().contains("jail"))
                    .isTrue());
  }

  private static Optional<String> probe(Duration limit, Accelerator.Kind kind) {
    return new BootProbe(QEMU, limit).failure(kind, kernel.vmlinux(), Optional.empty());
  }

  private static Path currentLink() throws IOException {
    try (var files = Files.list(kernel.directory().getParent())) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("current-"))
          .findFirst()
          .orElseThrow();
    }
  }
}
