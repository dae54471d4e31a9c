package dev.carafe.machine.host;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Looks at all that Carafe needs of a host. */
final class Doctor {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long ENOUGH_SPACE = 5L << 30;

  private final Home home;
  private final Programs programs;
  private final KernelStore kernels;
  private final AcceleratorChoice choice;
  private final boolean root;

  Doctor(
      Home home, Programs programs, KernelStore kernels, AcceleratorChoice choice, boolean root) {
    this.home = home;
    this.programs = programs;
    this.kernels = kernels;
    this.choice = choice;
    this.root = root;
  }

  List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    findings.add(
        new Finding(
            "java",
            Finding.State.FOUND,
            Runtime.version() + " in " + System.getProperty("java.home"),
            ""));
    List<Requirement> requirements = Host.requirements();
    Map<String, String> versions = versions(Requirement.packagesOf(requirements));
    requirements.forEach(requirement -> findings.add(requirement(requirement, versions)));
    findings.add(userNamespaces());
    findings.add(space("disk of images and machines", home.data()));
    findings.add(space("disk of the cache", home.cache()));
    Optional<Kernel> kernel = kernels.current();
    findings.add(kernel(kernel));
    findings.add(accelerator(kernel));
    return List.copyOf(findings);
  }

  private Finding requirement(Requirement requirement, Map<String, String> versions) {
    String installed = versions.getOrDefault(requirement.debianPackage(), "");
    String version =
        installed.isEmpty() ? "" : ", " + requirement.debianPackage() + " " + installed;
    if (programs.meets(requirement)) {
      String place =
          requirement.isFile()
              ? "there"
              : programs.find(requirement.lookedFor()).map(Path::toString).orElse("there");
      return new Finding(requirement.lookedFor(), Finding.State.FOUND, place + version, "");
    }
    return new Finding(
        requirement.lookedFor(),
        Finding.State.MISSING,
        "missing; " + requirement.purpose(),
        root ? "carafe setup" : Requirement.installLine(List.of(requirement)));
  }

  /** The versions of those packages that are installed, by name; empty where there is no dpkg. */
  private Map<String, String> versions(List<String> packages) {
    Map<String, String> versions = new HashMap<>();
    programs
        .find("dpkg-query")
        .ifPresent(
            query -> {
              List<String> argv = new ArrayList<>(List.of(query.toString(), "--show"));
              argv.add("--showformat=${Package} ${Version}\\n");
              argv.addAll(packages);
              // It exits with 1 when one of them is not installed, and still tells of the others.
              Tool.run("ask for versions", Path.of("/"), Map.of(), LIMIT, argv)
                  .stdout()
                  .lines()
                  .map(line -> line.split(" ", 2))
                  .filter(columns -> columns.length == 2)
                  .forEach(columns -> versions.put(columns[0], columns[1]));
            });
    return versions;
  }

  private Finding userNamespaces() {
    String what = "user namespaces";
    Optional<Path> bwrap = programs.find("bwrap");
    if (bwrap.isEmpty()) {
      return new Finding(what, Finding.State.MISSING, "cannot be tried without bwrap", "");
    }
    List<String> argv =
        List.of(bwrap.get().toString(), "--unshare-all", "--ro-bind", "/", "/", "true");
    try {
      Tool said = Tool.run("try bwrap", Path.of("/"), Map.of(), LIMIT, argv);
      if (said.exitCode() == 0) {
        return new Finding(what, Finding.State.FOUND, "bwrap can make a jail", "");
      }
      return new Finding(
          what,
          Finding.State.MISSING,
          "bwrap cannot make a jail: " + said.stderr().strip(),
          "allow them: sysctl kernel.unprivileged_userns_clone=1 and"
              + " user.max_user_namespaces above 0; in a container, its seccomp profile must allow"
              + " unshare and mount");
    } catch (MachineException e) {
      return new Finding(what, Finding.State.MISSING, e.said(), "");
    }
  }

  private static Finding space(String what, Path directory) {
    Path existing = directory;
    while (Files.notExists(existing)) {
      existing = existing.getParent();
    }
    try {
      long free = Files.getFileStore(existing).getUsableSpace();
      String detail = "%.1f GiB free for %s".formatted(free / (double) (1L << 30), directory);
      if (!Files.isWritable(existing)) {
        return new Finding(
            what, Finding.State.MISSING, existing + " may not be written", "make it writable");
      }
      return free >= ENOUGH_SPACE
          ? new Finding(what, Finding.State.FOUND, detail, "")
          : new Finding(
              what,
              Finding.State.NOTE,
              detail,
              "make room, or move it with XDG_DATA_HOME and XDG_CACHE_HOME");
    } catch (IOException e) {
      return new Finding(what, Finding.State.MISSING, Trees.said(e), "");
    }
  }

  private static Finding kernel(Optional<Kernel> kernel) {
    return kernel
        .map(
            present ->
                new Finding(
                    "kernel",
                    Finding.State.FOUND,
                    present.version() + " in " + present.directory(),
                    ""))
        .orElseGet(
            () ->
                new Finding(
                    "kernel",
                    Finding.State.NOTE,
                    "not fetched yet",
                    "carafe setup, or the first carafe run, fetches it"));
  }

  private Finding accelerator(Optional<Kernel> kernel) {
    String what = "accelerator";
    if (programs.find("qemu-system-x86_64").isEmpty()) {
      return new Finding(what, Finding.State.MISSING, "cannot be tried without QEMU", "");
    }
    if (kernel.isEmpty()) {
      return new Finding(
          what, Finding.State.NOTE, "not chosen yet, for want of a kernel", "carafe setup");
    }
    try {
      Accelerator chosen = choice.choose(kernel.get(), Progress.silent());
      return switch (chosen.kind()) {
        case KVM -> new Finding(what, Finding.State.FOUND, "kvm: " + chosen.reason(), "");
        case TCG ->
            new Finding(
                what,
                Finding.State.NOTE,
                "tcg (emulation, slow): "
                    + chosen.reason()
                    + ". QEMU does not call tcg a security boundary: what stands between a guest"
                    + " and this host is the jail (bubblewrap, seccomp"
                    + (root ? ", a user of its own)" : ")"),
                "to try /dev/kvm again after a change: carafe setup");
      };
    } catch (MachineException e) {
      return new Finding(what, Finding.State.MISSING, e.getMessage(), "");
    }
  }
}
