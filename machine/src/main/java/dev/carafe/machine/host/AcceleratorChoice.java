package dev.carafe.machine.host;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Chooses KVM where it really works, else TCG. Whether it works is tried once by a short boot, and
 * the verdict is remembered for this kernel, QEMU, device, processor and user. Where there is a
 * verdict, or no device that could be opened, choosing costs a few system calls.
 *
 * <p>{@code CARAFE_ACCEL} ({@code kvm} or {@code tcg}) overrides all that.
 */
final class AcceleratorChoice {
  static final String VARIABLE = "CARAFE_ACCEL";

  /** Tries whether a kernel boots with KVM, and says what went wrong. */
  interface Probe {
    Optional<String> failure(Path vmlinux);
  }

  private final Map<String, String> env;
  private final Path device;
  private final Path processors;
  private final Path qemu;
  private final Path verdict;
  private final int qemuUser;
  private final boolean root;
  private final Probe probe;

  /**
   * @param device {@code /dev/kvm}
   * @param processors {@code /proc/cpuinfo}
   * @param verdict the file that remembers
   * @param qemuUser the user that QEMU will run as; another than root's when {@code root}
   * @param root whether this process is root
   */
  AcceleratorChoice(
      Map<String, String> env,
      Path device,
      Path processors,
      Path qemu,
      Path verdict,
      int qemuUser,
      boolean root,
      Probe probe) {
    this.env = env;
    this.device = device;
    this.processors = processors;
    this.qemu = qemu;
    this.verdict = verdict;
    this.qemuUser = qemuUser;
    this.root = root;
    this.probe = probe;
  }

  Accelerator choose(Kernel kernel, Progress progress) {
    switch (env.getOrDefault(VARIABLE, "")) {
      case "":
        break;
      case "tcg":
        return Accelerator.tcg(VARIABLE + " says so");
      case "kvm":
        return new Accelerator(
            Accelerator.Kind.KVM, VARIABLE + " says so", groupThatCanOpen().orElse(none()));
      default:
        throw new MachineException(
            ErrorCode.INVALID,
            "choose an accelerator",
            VARIABLE + " must be kvm or tcg, or not be set");
    }
    if (Files.notExists(device)) {
      return Accelerator.tcg("there is no " + device);
    }
    Optional<OptionalInt> group = groupThatCanOpen();
    if (group.isEmpty()) {
      return Accelerator.tcg(
          root
              ? device + " is only for root, and QEMU runs as another user"
              : device + " may not be opened by this user (its group's members may, often kvm)");
    }
    String key = key(kernel);
    Optional<Accelerator> remembered = remembered(key, group.get());
    if (remembered.isPresent()) {
      return remembered.get();
    }
    progress.step("Trying whether " + device + " can run a kernel");
    Accelerator tried =
        probe
            .failure(kernel.vmlinux())
            .map(failure -> Accelerator.tcg(device + " is there, but " + failure))
            .orElseGet(
                () ->
                    new Accelerator(
                        Accelerator.Kind.KVM, "a kernel booted on " + device, group.get()));
    remember(key, tried);
    return tried;
  }

  /** Forgets the verdict: the next choice tries again. */
  void forget() {
    try {
      Files.deleteIfExists(verdict);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "forget the accelerator", Trees.said(e), e);
    }
  }

  private static OptionalInt none() {
    return OptionalInt.empty();
  }

  /** Empty if QEMU's user cannot open the device; else the group it needs for that, if any. */
  private Optional<OptionalInt> groupThatCanOpen() {
    if (!root) {
      return Files.isReadable(device) && Files.isWritable(device)
          ? Optional.of(none())
          : Optional.empty();
    }
    try {
      Map<String, Object> attributes = Files.readAttributes(device, "unix:mode,uid,gid");
      int mode = (Integer) attributes.get("mode");
      if ((mode & 06) == 06
          || (Integer) attributes.get("uid") == qemuUser && (mode & 0600) == 0600) {
        return Optional.of(none());
      }
      int group = (Integer) attributes.get("gid");
      // The group root is no less than root.
      return (mode & 060) == 060 && group != 0
          ? Optional.of(OptionalInt.of(group))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** All that a verdict depends on, one line each. */
  private String key(Kernel kernel) {
    return "kernel "
        + kernel.version()
        + "\nqemu "
        + describe(qemu, "size,lastModifiedTime")
        + "\ndevice "
        + describe(device, "mode,uid,gid,rdev")
        + "\nprocessor "
        + processorModel()
        + "\nuser "
        + qemuUser
        + "\n";
  }

  private static String describe(Path path, String attributes) {
    try {
      // Sorted: a map's order may differ from run to run.
      return path
          + " "
          + new TreeMap<>(Files.readAttributes(path.toRealPath(), "unix:" + attributes));
    } catch (IOException e) {
      return path + " unreadable";
    }
  }

  /**
   * The first processor's name; the file has a paragraph for each, so only its beginning is read.
   */
  private String processorModel() {
    try (InputStream in = Files.newInputStream(processors)) {
      return new String(in.readNBytes(2048), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  private Optional<Accelerator> remembered(String key, OptionalInt group) {
    try {
      String text = Files.readString(verdict);
      if (!text.startsWith(key)) {
        return Optional.empty();
      }
      String[] lines = text.substring(key.length()).split("\n", -1);
      if (lines.length != 3) {
        return Optional.empty();
      }
      return switch (lines[0]) {
        case "kvm" -> Optional.of(new Accelerator(Accelerator.Kind.KVM, lines[1], group));
        case "tcg" -> Optional.of(Accelerator.tcg(lines[1]));
        default -> Optional.empty();
      };
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void remember(String key, Accelerator tried) {
    try {
      Files.createDirectories(verdict.getParent());
      Path fresh = Files.createTempFile(verdict.getParent(), ".new-", ".verdict");
      try {
        String reason = tried.reason().replaceAll("\\s+", " ");
        Files.writeString(fresh, key + tried.kind().qemuName() + "\n" + reason + "\n");
        Files.move(fresh, verdict, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "remember the accelerator", Trees.said(e), e);
    }
  }
}
