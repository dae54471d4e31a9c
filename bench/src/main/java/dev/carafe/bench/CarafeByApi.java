package dev.carafe.bench;

import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Carafe as a library, in this JVM, which is warm after the first rounds. */
final class CarafeByApi implements AutoCloseable {
  static final int STREAM_MEGABYTES = 200;
  private static final ExecSpec TRUE = ExecSpec.of("true");

  private final Lab lab;
  private final Samples samples;
  private final Machines machines;
  private Machine live;

  CarafeByApi(Lab lab, Samples samples) {
    this.lab = lab;
    this.samples = samples;
    this.machines = Machines.open(lab.home(), Progress.silent());
  }

  /** Makes what has to be there: kernel, base image, templates, a machine that runs. */
  Machine prepare() {
    live = machines.create(MachineSpec.named(lab.name()));
    live.start();
    exec(live);
    return live;
  }

  Machines machines() {
    return machines;
  }

  /** From nothing to a command that has exited; and the machine's removal. */
  void launch() {
    long start = System.nanoTime();
    Machine machine = machines.create(MachineSpec.builder(lab.name()).ephemeral(true).build());
    try {
      machine.start();
      samples.addSince("carafe api: create, start (from the image's template)", start);
      long first = System.nanoTime();
      exec(machine);
      samples.addSince("carafe api: first exec after it", first);
      samples.addSince("carafe api: create → true exited", start);
    } finally {
      long delete = System.nanoTime();
      machine.delete();
      samples.addSince("carafe api: delete a running machine", delete);
    }
  }

  /** A machine that was used, stopped, and is started again from the first level. */
  void restart() {
    Machine machine = machines.create(MachineSpec.named(lab.name()));
    try {
      machine.start();
      exec(machine);
      long stop = System.nanoTime();
      machine.stop();
      samples.addSince("carafe api: stop", stop);
      long start = System.nanoTime();
      machine.start();
      samples.addSince("carafe api: start of a stopped machine (from the booted template)", start);
      exec(machine);
      samples.addSince("carafe api: start of a stopped machine → true exited", start);
    } finally {
      machine.delete();
    }
  }

  /** The first launch of all: no template of either level. */
  void cold() throws IOException {
    lab.forgetTemplates();
    List<String> steps = new ArrayList<>();
    List<Long> times = new ArrayList<>();
    Progress progress =
        what -> {
          steps.add(what);
          times.add(System.nanoTime());
        };
    try (Machines fresh = Machines.open(lab.home(), progress)) {
      long start = System.nanoTime();
      Machine machine = fresh.create(MachineSpec.named(lab.name()));
      try {
        machine.start();
        exec(machine);
        samples.addSince("carafe api: create → true exited, no template yet", start);
        times.add(System.nanoTime());
        for (int i = 0; i < steps.size(); i++) {
          samples.add(
              "carafe api: … of it, “" + steps.get(i) + "”",
              "ms",
              (times.get(i + 1) - times.get(i)) / 1e6);
        }
      } finally {
        machine.delete();
      }
    }
  }

  void exec() {
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      exec(live);
      samples.addSince("carafe api: exec true", start);
    }
  }

  private static void exec(Machine machine) {
    var result = machine.run(TRUE);
    if (result.exitCode() != 0) {
      throw new IllegalStateException("true exited with " + result.exitCode() + result.err());
    }
  }

  /** So many machines at once; until the last command has exited. */
  void parallel(int count) throws Exception {
    List<Machine> made = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
      long start = System.nanoTime();
      List<Callable<Void>> work = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        work.add(
            () -> {
              Machine machine =
                  machines.create(MachineSpec.builder(lab.name()).ephemeral(true).build());
              synchronized (made) {
                made.add(machine);
              }
              machine.start();
              exec(machine);
              return null;
            });
      }
      for (Future<Void> each : threads.invokeAll(work)) {
        each.get();
      }
      samples.addSince("carafe api: " + count + " launches at once → all exited", start);
    } finally {
      made.forEach(Machine::delete);
    }
  }

  void copy(int megabytes) throws IOException {
    Path in = lab.file(megabytes);
    long start = System.nanoTime();
    live.copyIn(in, "/root/copied");
    samples.addSince("carafe api: copy in " + megabytes + " MB", start);
    Path out = lab.scratch().resolve("out");
    start = System.nanoTime();
    live.copyOut("/root/copied", out);
    samples.addSince("carafe api: copy out " + megabytes + " MB", start);
    if (Files.mismatch(in, out) >= 0) {
      throw new IOException("what came out is not what went in");
    }
    Files.delete(out);
    live.run(ExecSpec.of("rm", "/root/copied"));
  }

  /** Bytes from a command to here; nothing is done with them. */
  void stream() throws IOException {
    long start = System.nanoTime();
    var spec = ExecSpec.of("head", "-c", Long.toString(STREAM_MEGABYTES * 1_000_000L), "/dev/zero");
    try (var execution = live.exec(spec)) {
      byte[] piece = new byte[1 << 16];
      long total = 0;
      for (int n; (n = execution.stdout().read(piece)) >= 0; ) {
        total += n;
      }
      if (execution.await() != 0 || total != STREAM_MEGABYTES * 1_000_000L) {
        throw new IOException("the stream broke off after " + total);
      }
    }
    samples.add(
        "carafe api: standard output",
        "MB/s",
        STREAM_MEGABYTES / ((System.nanoTime() - start) / 1e9));
  }

  @Override
  public void close() {
    if (live != null) {
      live.delete();
    }
    machines.close();
  }
}
