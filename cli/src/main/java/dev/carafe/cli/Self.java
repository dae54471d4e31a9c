package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program, to be started once more: the same JVM, cache of classes and classes. */
final class Self {
  /** What the launcher gives to commands that end soon: half a compiler, which knows no AES. */
  private static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1";

  private Self() {}

  /**
   * The command that calls this program with other arguments, to serve for as long as it is needed:
   * with the JVM's options that the launcher gives to such commands.
   */
  static List<String> serving(String... arguments) {
    List<String> command = new ArrayList<>();
    for (String word : ownWords()) {
      if (word.equals(Main.class.getName())) {
        command.addAll(servingOptions());
        command.add(word);
        break;
      }
      if (!word.equals(SHORT_LIVED)) {
        command.add(word);
      }
    }
    command.addAll(List.of(arguments));
    return command;
  }

  private static List<String> servingOptions() {
    String root = System.getProperty("carafe.root", "");
    try {
      Path file = Path.of(root, "setup", "serve.options");
      return List.of(Files.readString(file).strip().split("\\s+"));
    } catch (IOException e) {
      // Nothing depends on them but memory.
      return List.of();
    }
  }

  private static String[] ownWords() {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc/self/cmdline"));
      return new String(line, StandardCharsets.UTF_8).split("\0");
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.HOST,
          "find out how this program was started",
          String.valueOf(e.getMessage()),
          e);
    }
  }
}
