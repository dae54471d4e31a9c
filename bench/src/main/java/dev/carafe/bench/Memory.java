package dev.carafe.bench;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Host memory of machines that have run a {@code true} and now idle, as the kernel accounts it:
 * PSS, in which a page that n processes share counts as 1/n of a page for each.
 */
final class Memory {
  private final Lab lab;
  private final Samples samples;
  private final Machines machines;

  Memory(Lab lab, Samples samples, Machines machines) {
    this.lab = lab;
    this.samples = samples;
    this.machines = machines;
  }

  /** A process's share of memory, in kB. */
  private record Share(long guestUnchanged, long guestOwn, long translated, long heap, long rest) {
    long total() {
      return guestUnchanged + guestOwn + translated + heap + rest;
    }
  }

  /** Starts so many machines and adds the mean of each part. */
  void idle(int count) throws IOException, InterruptedException {
    List<Machine> made = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        Machine machine = machines.create(MachineSpec.builder(lab.name()).ephemeral(true).build());
        made.add(machine);
        machine.start();
        machine.run(ExecSpec.of("true"));
      }
      Thread.sleep(3000); // what the guests still do by themselves
      String of = "memory, each of " + count + (count == 1 ? " machine: " : " machines: ");
      for (Machine machine : made) {
        long pid = machine.status().pid().getAsLong();
        Share share = share(pid);
        double jail = jail(pid) / 1024.0;
        add(of + "all (PSS)", share.total() / 1024.0 + jail);
        add(
            of + "all but what is shared with the template",
            (share.total() - share.guestUnchanged()) / 1024.0 + jail);
        add(of + "… guest memory as in the template (shared)", share.guestUnchanged() / 1024.0);
        add(of + "… guest memory of its own", share.guestOwn() / 1024.0);
        add(of + "… translated code", share.translated() / 1024.0);
        add(of + "… QEMU's other memory", share.heap() / 1024.0);
        add(of + "… QEMU's program and libraries", share.rest() / 1024.0);
        add(of + "… the jail around it (bwrap)", jail);
      }
    } finally {
      made.forEach(Machine::delete);
    }
  }

  private void add(String metric, double mebibytes) {
    samples.add(metric, "MiB", mebibytes);
  }

  private static Share share(long pid) throws IOException {
    long unchanged = 0;
    long own = 0;
    long translated = 0;
    long heap = 0;
    long rest = 0;
    String head = "";
    long pss = 0;
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps"))) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        head = line;
      } else if (line.startsWith("Pss:")) {
        pss = kilobytes(line);
      } else if (line.startsWith("Anonymous:")) {
        // The last of the fields needed: a private page of a file's mapping is anonymous, and ours.
        long anonymous = Math.min(pss, kilobytes(line));
        if (head.endsWith("/ram")) {
          own += anonymous;
          unchanged += pss - anonymous;
        } else if (head.contains("rwx") || head.contains("tcg-jit")) {
          translated += pss;
        } else if (anonymous > 0) {
          heap += pss;
        } else {
          rest += pss;
        }
      }
    }
    return new Share(unchanged, own, translated, heap, rest);
  }

  /** The processes above QEMU up to this one: bubblewrap's. */
  private static long jail(long pid) throws IOException {
    long kilobytes = 0;
    var parent = ProcessHandle.of(pid).flatMap(ProcessHandle::parent);
    while (parent.isPresent()
        && Files.readString(Path.of("/proc/" + parent.get().pid() + "/comm"))
            .strip()
            .equals("bwrap")) {
      for (String line :
          Files.readAllLines(Path.of("/proc/" + parent.get().pid() + "/smaps_rollup"))) {
        if (line.startsWith("Pss:")) {
          kilobytes += kilobytes(line);
        }
      }
      parent = parent.get().parent();
    }
    return kilobytes;
  }

  private static long kilobytes(String line) {
    String[] words = line.split("\\s+");
    return Long.parseLong(words[1]);
  }
}
