package dev.carafe.cli;

import dev.carafe.machine.MachineSpec;
import java.util.Map;

/**
 * The program the caller believes to run: {@code carafe}, or {@code smolvm} when the launcher was
 * found under that name. It decides defaults, wording and a few outputs; flags of both are always
 * accepted.
 *
 * @param name what usage texts and hints call the program
 * @param cpus virtual processors of a machine when none are asked for
 * @param memoryMib memory of a machine when none is asked for
 * @param dialect the smolvm version whose outputs are printed, {@code X.Y.Z}
 */
record Program(String name, int cpus, int memoryMib, String dialect) {
  /** The newest version of smolvm whose command line is known and followed. */
  static final String NEWEST_DIALECT = "1.9.3";

  /** The variable that makes {@code smolvm} claim another version. */
  static final String DIALECT_VARIABLE = "CARAFE_SMOLVM_VERSION";

  static final Program CARAFE =
      new Program(
          "carafe", MachineSpec.DEFAULT_CPUS, MachineSpec.DEFAULT_MEMORY_MIB, NEWEST_DIALECT);

  private static final String SMOLVM = "smolvm";

  /** The program of that name; any name but {@code smolvm} is {@code carafe}. */
  static Program of(String name, Map<String, String> env) {
    return SMOLVM.equals(name)
        ? new Program(SMOLVM, 4, 8192, env.getOrDefault(DIALECT_VARIABLE, NEWEST_DIALECT))
        : CARAFE;
  }

  Program {
    if (numbers(dialect) == null) {
      throw new UsageException(
          DIALECT_VARIABLE + " is '" + dialect + "', but must be a version such as 0.8.0");
    }
  }

  boolean smolvm() {
    return name.equals(SMOLVM);
  }

  /** Whether outputs are those of a smolvm before that version. */
  boolean before(int major, int minor, int patch) {
    int[] numbers = numbers(dialect);
    if (numbers[0] != major) {
      return numbers[0] < major;
    }
    return numbers[1] != minor ? numbers[1] < minor : numbers[2] < patch;
  }

  private static int[] numbers(String version) {
    int[] numbers = new int[3];
    int part = 0;
    int digits = 0;
    for (int i = 0; i < version.length(); i++) {
      char c = version.charAt(i);
      if (c == '.' && digits > 0 && part < 2) {
        part++;
        digits = 0;
      } else if (c >= '0' && c <= '9' && digits < 6) {
        numbers[part] = numbers[part] * 10 + (c - '0');
        digits++;
      } else {
        return null;
      }
    }
    return part == 2 && digits > 0 ? numbers : null;
  }
}
