package dev.carafe.it;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.MachineSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** Launches a bottle in a process of its own, which a test can kill or give a full disk. */
final class LaunchChild {
  /** Written when the process waits to be killed. */
  static final String WAITING = "waiting";

  private LaunchChild() {}

  /** Starts it: {@link #main} with these arguments, behind another command if that is not empty. */
  static Process start(Map<String, String> environment, List<String> before, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            LaunchChild.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  static BottleSpec spec(String agent) {
    return BottleSpec.of(agent).withSize(MachineSpec.DEFAULT_CPUS, MachineSpec.DEFAULT_MEMORY_MIB);
  }

  /**
   * {@code step WORKSPACE BEGINNING}: launches, and waits at the step whose name begins so, or with
   * the bottle in its hands if there is none. {@code full}: see {@link #onAFullDisk}.
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("full")) {
      onAFullDisk();
      return;
    }
    String beginning = arguments[2];
    Progress progress =
        what -> {
          if (what.startsWith(beginning)) {
            waitToBeKilled();
          }
        };
    Carafe carafe = Carafe.open(System.getenv(), progress, note -> {});
    Bottle bottle =
        carafe.launch(carafe.prepare(spec("plain").withWorkspace(Path.of(arguments[1]), false)));
    bottle.exec("echo written > made; sync");
    waitToBeKilled();
  }

  private static void waitToBeKilled() {
    System.out.println(WAITING);
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a launch and a freeze say when there is no space for the bottles' state. */
  private static void onAFullDisk() throws IOException {
    Path state = Files.createDirectories(Home.of(System.getenv()).state());
    Path filler = state.resolve("filler");
    try (Carafe carafe = Carafe.open()) {
      fill(filler);
      try {
        carafe.launch(carafe.prepare(spec("plain"))).close();
        System.out.println("launched");
      } catch (BottleException e) {
        System.out.println(e.getMessage());
      }
      System.out.println("bottles: " + carafe.list().bottles().size());
      System.out.println("damaged: " + carafe.list().damaged().size());
      Files.delete(filler);
      try (Bottle bottle = carafe.launch(carafe.prepare(spec("plain")))) {
        fill(filler);
        try {
          System.out.println("frozen to " + bottle.freeze(Progress.silent()));
        } catch (BottleException e) {
          System.out.println(e.getMessage());
        }
        System.out.println("still " + bottle.exec("echo at work").out().strip());
      }
      System.out.println("bottles: " + carafe.list().bottles().size());
    }
  }

  private static void fill(Path file) {
    byte[] page = new byte[4096];
    try (OutputStream out = Files.newOutputStream(file)) {
      while (true) {
        out.write(page);
      }
    } catch (IOException e) {
      // Now it is full.
    }
  }
}
