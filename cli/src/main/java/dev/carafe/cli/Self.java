package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program, to be started once more: the same JVM, options, cache of classes and classes. */
final class Self {
  private Self() {}

  /** The command that calls this program with other arguments. */
  static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>();
    for (String word : ownWords()) {
      command.add(word);
      if (word.equals(Main.class.getName())) {
        break;
      }
    }
    command.addAll(List.of(arguments));
    return command;
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
