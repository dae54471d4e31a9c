package dev.carafe.machine.qemu;

import dev.carafe.image.Image;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What QEMU is started in. Under emulation QEMU is no security boundary, so this is what stands
 * between a guest that broke out of it and the host: no network, no view of other processes, no
 * files but the ones named here, of which it can write one or two and make none once its guest
 * runs; and when root starts it, another user without any privilege.
 *
 * <p>One shell line does in order what has to be done outside: it copies what the machine starts
 * from, opens the template's state as a descriptor, limits the size of what may be written (a guest
 * could otherwise write its whole virtual disk, however small its file system), the address space
 * and the number of descriptors, leaves the terminal's session so that Ctrl-C is not QEMU's, and
 * becomes bubblewrap.
 *
 * <p>The memory of a template is shared by all machines restored from it, so none may change it;
 * but QEMU before 8.2 opens it for writing even to map it privately. A small preloaded library
 * turns that one open into one for reading.
 */
final class Jail {
  /** The memory file's name inside; the preloaded library knows it too. */
  static final String MEMORY = "/memory/ram";

  /** QEMU uses some 60. */
  private static final int DESCRIPTORS = 256;

  /**
   * Address space beside the guest's memory, and per CPU. QEMU uses 1.6 GiB, of which a gigabyte is
   * for translated code, and up to 64 threads' stacks more when its disks are busy.
   */
  private static final int OWN_MIB = 4096;

  private static final int CPU_MIB = 64;

  private static final String SCRIPT =
      "set -e\n"
          + "while [ \"$1\" != -- ]; do cp -p --sparse=always --reflink=auto \"$1\" \"$2\"; shift 2; done\n"
          + "if [ -n \"$2\" ]; then exec 9<\"$2\"; fi\n"
          + "ulimit -c 0\n"
          + "trap '' XFSZ\n"
          + "ulimit -f \"$3\"\n"
          // A lower limit that the user has set holds anyway.
          + "ulimit -v \"$4\" 2>/dev/null || :\n"
          + "ulimit -n "
          + DESCRIPTORS
          + " 2>/dev/null || :\n"
          + "shift 4\n"
          + "exec \"$@\"\n";

  private final List<String> bwrap = new ArrayList<>();
  private final boolean root;
  private final Host host;
  private final Accelerator accelerator;
  private final List<String> copies = new ArrayList<>();
  private String restored = "";
  private final long fileBlocks;
  private final long addressKib;

  /**
   * A jail for a QEMU of that shape.
   *
   * @param largestFile how large a file that it writes may become, in bytes
   */
  Jail(Host host, Shape shape, boolean root, long largestFile) {
    this.host = host;
    this.root = root;
    this.accelerator = shape.accelerator();
    this.addressKib = (shape.memoryMib() + OWN_MIB + CPU_MIB * shape.cpus()) * 1024L;
    this.fileBlocks = largestFile / 512;
    add(host.program("setsid").toString(), host.program("bwrap").toString());
    // As root the user namespace would map QEMU to root outside: real users are separated by
    // setpriv instead.
    if (!root) {
      add("--unshare-user");
    }
    add("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try");
    add("--as-pid-1", "--cap-drop", "ALL");
    if (root) {
      add("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP");
    }
    add("--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LC_ALL", "C");
    // Otherwise the C library may reserve 64 MiB of addresses for each thread.
    add("--setenv", "MALLOC_ARENA_MAX", "4");
    add("--ro-bind", "/usr", "/usr");
    for (String name : List.of("/bin", "/sbin", "/lib", "/lib64")) {
      Path path = Path.of(name);
      if (Files.isSymbolicLink(path)) {
        add("--symlink", "usr" + name, name);
      } else if (Files.isDirectory(path)) {
        add("--ro-bind", name, name);
      }
    }
    add("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache");
    add("--ro-bind-try", "/etc/alternatives", "/etc/alternatives");
    add("--dev", "/dev");
    if (accelerator.kind() == Accelerator.Kind.KVM) {
      add("--dev-bind", "/dev/kvm", "/dev/kvm");
    }
    // Otherwise bubblewrap makes it for root only.
    add("--perms", "0755", "--dir", "/memory");
    add("--chdir", "/");
  }

  private void add(String... arguments) {
    bwrap.addAll(List.of(arguments));
  }

  /** Shows a host file or directory inside, for reading. */
  Jail read(Path host, String inside) {
    if (root) {
      openToQemu(host);
    }
    add("--ro-bind", host.toString(), inside);
    return this;
  }

  /** Shows an image's files inside, for reading. */
  Jail read(Image image) {
    read(image.rootfs(), "/image");
    for (int i = 0; i < image.deltas().size(); i++) {
      read(image.deltas().get(i), QemuArguments.delta(i));
    }
    return this;
  }

  /** Of root's, QEMU is another user, whom root's mask may have kept from reading the file. */
  private static void openToQemu(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (permissions.add(PosixFilePermission.OTHERS_READ)) {
        Files.setPosixFilePermissions(file, permissions);
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "let QEMU read " + file, Storage.explain(e), e);
    }
  }

  /** Shows a host file or directory inside, for writing. */
  Jail write(Path host, String inside) {
    add("--bind", host.toString(), inside);
    return this;
  }

  /** Loads a library of ours into QEMU. */
  Jail preload(Path library) {
    read(library, "/preload.so");
    add("--setenv", "LD_PRELOAD", "/preload.so");
    return this;
  }

  /** Copies this first; holes stay holes. */
  Jail copyFirst(Path from, Path to) {
    copies.add(from.toString());
    copies.add(to.toString());
    return this;
  }

  /** Opens the file as descriptor 9, for reading: the state to restore. */
  Jail restored(Path file) {
    restored = file.toString();
    return this;
  }

  /** The whole command that runs {@code command} in this jail. */
  List<String> command(List<String> command) {
    List<String> all = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "carafe-jail"));
    all.addAll(copies);
    all.addAll(List.of("--", restored, Long.toString(fileBlocks), Long.toString(addressKib)));
    all.addAll(bwrap);
    // They are file systems in memory, which it could fill.
    all.addAll(List.of("--remount-ro", "/dev", "--remount-ro", "/", "--"));
    if (root) {
      String user = Integer.toString(Host.QEMU_USER);
      all.addAll(List.of(host.program("setpriv").toString(), "--reuid", user, "--regid", user));
      if (accelerator.group().isPresent()) {
        all.addAll(List.of("--groups", Integer.toString(accelerator.group().getAsInt())));
      } else {
        all.add("--clear-groups");
      }
      all.addAll(List.of("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"));
    }
    all.addAll(command);
    return all;
  }
}
