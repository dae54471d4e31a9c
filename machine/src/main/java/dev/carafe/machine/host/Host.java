package dev.carafe.machine.host;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The host as Carafe needs it: what is there, what is missing, and how to get it. Nothing is
 * fetched, installed or tried before it is asked for. Safe for use by many threads and many
 * processes. Methods block; they throw {@link MachineException} and nothing else.
 */
public final class Host {
  /**
   * The user and group QEMU runs as when root runs Carafe. Debian reserves this range and gives it
   * to nobody, and it exists in containers, which often have no more than 65,536 users.
   */
  public static final int QEMU_USER = 65_100;

  private static final Duration PROBE = Duration.ofSeconds(5);

  private final Home home;
  private final Programs programs;
  private final KernelStore kernels;
  private final Apt apt;
  private final AcceleratorChoice choice;
  private final boolean root;

  private Host(Home home, Map<String, String> env, int user) {
    this.home = home;
    this.root = user == 0;
    this.programs = new Programs(env);
    this.apt = new Apt(programs, home.cache().resolve("apt"), root);
    this.kernels = new KernelStore(home.cache().resolve("kernel"), apt, programs);
    Path qemu = programs.find("qemu-system-x86_64").orElse(Path.of("/usr/bin/qemu-system-x86_64"));
    BootProbe probe = new BootProbe(qemu, PROBE);
    this.choice =
        new AcceleratorChoice(
            env,
            Path.of("/dev/kvm"),
            Path.of("/proc/cpuinfo"),
            qemu,
            home.cache().resolve("accelerator"),
            root ? QEMU_USER : user,
            root,
            vmlinux ->
                probe.failure(
                    Accelerator.Kind.KVM,
                    vmlinux,
                    root ? Optional.of(QEMU_USER) : Optional.empty()));
  }

  /** The host this process runs on, seen by this process's user. Costs one system call. */
  public static Host of(Home home, Map<String, String> env) {
    try {
      return new Host(
          Objects.requireNonNull(home),
          Map.copyOf(env),
          (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, "look at this host", "there is no /proc", e);
    }
  }

  /** What Carafe needs, in the order of the list. */
  public static List<Requirement> requirements() {
    try (InputStream in = Host.class.getResourceAsStream("requirements")) {
      return Requirement.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Where a program is. Looks where Debian keeps administrators' programs as well, because an
   * ordinary user's PATH does not.
   *
   * @throws MachineException {@link ErrorCode#HOST} with what to install when it is nowhere
   */
  public Path program(String name) {
    return programs
        .find(name)
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.HOST,
                    "run " + name,
                    "it is not installed; "
                        + requirements().stream()
                            .filter(requirement -> requirement.lookedFor().equals(name))
                            .findFirst()
                            .map(
                                requirement ->
                                    "run: " + Requirement.installLine(List.of(requirement)))
                            .orElse("install it")));
  }

  /** What is missing of what Carafe needs. */
  public List<Requirement> missing() {
    return requirements().stream().filter(requirement -> !programs.meets(requirement)).toList();
  }

  /**
   * Looks at everything and changes nothing but what is remembered of the accelerator. Takes a few
   * seconds at most.
   */
  public List<Finding> doctor() {
    return new Doctor(home, programs, kernels, choice, root).findings();
  }

  /**
   * Installs what is missing (only root can), fetches the distribution's newest kernel, and tries
   * the accelerator anew.
   *
   * @throws MachineException {@link ErrorCode#HOST}; if packages are missing and this is not root,
   *     with the one line that somebody who is has to run
   */
  public void setup(Progress progress) {
    List<Requirement> missing = missing();
    if (!missing.isEmpty() && !root) {
      throw new MachineException(
          ErrorCode.HOST,
          "set up this host",
          "packages are missing, and only root can install them; run: "
              + Requirement.installLine(missing));
    }
    if (!missing.isEmpty()) {
      apt.install(Requirement.packagesOf(missing), progress);
    }
    Kernel kernel = kernels.update(progress);
    choice.forget();
    choice.choose(kernel, progress);
  }

  /**
   * The kernel to start machines with. The first call on a host fetches it; after that it costs two
   * system calls, and no newer one is looked for before {@link #setup}.
   */
  public Kernel kernel(Progress progress) {
    return kernels.get(progress);
  }

  /**
   * The initramfs for a kernel, {@code <digest>.cpio}; made by the first call of each build of
   * Carafe.
   */
  public Path initramfs(Kernel kernel) {
    return new Initramfs(
            home.cache().resolve("initramfs"),
            Optional.ofNullable(System.getProperty(Initramfs.BUILD)))
        .file(kernel);
  }

  /**
   * The accelerator to run machines with; the first call for a kernel may boot it, for 5 s at most.
   */
  public Accelerator accelerator(Kernel kernel, Progress progress) {
    return choice.choose(kernel, progress);
  }
}
