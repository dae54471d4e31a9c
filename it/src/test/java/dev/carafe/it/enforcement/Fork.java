package dev.carafe.it.enforcement;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The process in which one room's enforcements are taken away, one after the other: a process of
 * its own, because what runs without them is not to be trusted afterwards. Its arguments are the
 * room and a file, which gets a line for each enforcement: nothing when its test has seen that it
 * was gone, else what is wrong.
 */
final class Fork {
  private static Instrumentation instrumentation;

  private Fork() {}

  /** Called by the JVM before {@link #main}, because the agent's manifest names this class. */
  public static void premain(String arguments, Instrumentation given) {
    instrumentation = given;
  }

  public static void main(String[] arguments) throws IOException {
    List<Enforcement> all = Enforcements.of(arguments[0]);
    Path results = Path.of(arguments[1]);
    Map<String, String> unchanged = new HashMap<>();
    for (Enforcement enforcement : all) {
      unchanged.computeIfAbsent(enforcement.test(), test -> unchanged(enforcement));
    }
    for (Enforcement enforcement : all) {
      long began = System.nanoTime();
      String wrong = unchanged.get(enforcement.test());
      String said = wrong.isEmpty() ? without(enforcement) : wrong;
      Files.writeString(results, said + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      long millis = (System.nanoTime() - began) / 1_000_000;
      System.out.println("== " + millis + " ms: " + enforcement.says() + ": " + said);
    }
    // Threads may be left that wait for what a change has prevented.
    Runtime.getRuntime().halt(0);
  }

  /** What is wrong with the test while nothing is changed; nothing when it is green. */
  private static String unchanged(Enforcement enforcement) {
    try {
      Trial trial = Trial.of(enforcement);
      return trial.green() ? "" : "with nothing changed its test is not green: " + trial.text();
    } catch (IllegalArgumentException | IllegalStateException e) {
      return "with nothing changed: " + e.getMessage();
    }
  }

  /** What is wrong with the enforcement; nothing when its test is red without it. */
  private static String without(Enforcement enforcement) {
    try (Mutation _ = Mutation.of(instrumentation, enforcement)) {
      Trial trial = Trial.of(enforcement);
      System.out.println("   " + trial.text());
      return trial.red() ? "" : "its test does not see that it is gone: " + trial.text();
    } catch (IllegalArgumentException | IllegalStateException e) {
      return String.valueOf(e.getMessage()).replace('\n', ' ');
    }
  }
}
