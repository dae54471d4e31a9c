package dev.carafe.cli;

import dev.carafe.machine.MachineSpec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Reads the values of options, by the rules of smolvm's command line. What cannot be read is a
 * {@link UsageException} that names the option.
 */
final class Values {
  private static final int MAX_CPUS = 16;
  private static final int MIN_MEMORY_MIB = 64;
  private static final int MAX_MEMORY_MIB = 1 << 20;
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private Values() {}

  /** A whole number in a range. */
  static int number(String option, String text, int least, int most) {
    int number = parsed(text, least, most);
    if (number < 0) {
      throw notNumber(option, text, "a whole number from " + least + " to " + most);
    }
    return number;
  }

  /** The number, or -1 when the text is none in the range; the range has no negative numbers. */
  private static int parsed(String text, int least, int most) {
    long number = 0;
    boolean digits = !text.isEmpty() && text.length() <= 10;
    for (int i = 0; digits && i < text.length(); i++) {
      char c = text.charAt(i);
      digits = c >= '0' && c <= '9';
      number = number * 10 + (c - '0');
    }
    return digits && number >= least && number <= most ? (int) number : -1;
  }

  private static UsageException notNumber(String option, String text, String wanted) {
    return new UsageException(
        "invalid value '" + Text.shown(text) + "' for " + option + ": it is " + wanted);
  }

  /** Virtual processors: more than 16 become 16, with a warning. */
  static int cpus(Arguments arguments, Console console, int otherwise) {
    if (!arguments.has("--cpus")) {
      return otherwise;
    }
    String text = arguments.value("--cpus").orElseThrow();
    int cpus = parsed(text, 1, 255);
    if (cpus < 0) {
      throw notNumber("--cpus", text, "a whole number from 1 to " + MAX_CPUS);
    }
    if (cpus > MAX_CPUS) {
      console.note("Warning: " + cpus + " CPUs were asked for; a machine has at most " + MAX_CPUS);
    }
    return Math.min(cpus, MAX_CPUS);
  }

  static int memoryMib(Arguments arguments, int otherwise) {
    if (!arguments.has("--mem")) {
      return otherwise;
    }
    String text = arguments.value("--mem").orElseThrow();
    int memory = parsed(text, MIN_MEMORY_MIB, MAX_MEMORY_MIB);
    if (memory < 0) {
      throw notNumber(
          "--mem",
          text,
          "a number of MiB, without a unit, from " + MIN_MEMORY_MIB + " to " + MAX_MEMORY_MIB);
    }
    return memory;
  }

  static int storageGib(Arguments arguments, int otherwise) {
    return arguments.has("--storage")
        ? number("--storage", arguments.value("--storage").orElseThrow(), 1, 4096)
        : otherwise;
  }

  static int overlayGib(Arguments arguments, int otherwise) {
    return arguments.has("--overlay")
        ? number(
            "--overlay", arguments.value("--overlay").orElseThrow(), 1, MachineSpec.MAX_OVERLAY_GIB)
        : otherwise;
  }

  /** File permission bits in octal, up to 7777. */
  static int mode(String option, String text) {
    int mode = 0;
    boolean octal = !text.isEmpty() && text.length() <= 5;
    for (int i = 0; octal && i < text.length(); i++) {
      char c = text.charAt(i);
      octal = c >= '0' && c <= '7';
      mode = mode * 8 + (c - '0');
    }
    if (!octal || mode > 07777) {
      throw new UsageException(
          "invalid value '"
              + Text.shown(text)
              + "' for "
              + option
              + ": it is an octal number such as 644");
    }
    return mode;
  }

  static OptionalInt id(Arguments arguments, String option) {
    return arguments.has(option)
        ? OptionalInt.of(
            number(option, arguments.value(option).orElseThrow(), 0, Integer.MAX_VALUE))
        : OptionalInt.empty();
  }

  /**
   * Environment variables: {@code KEY=VALUE}, or {@code KEY} for this process's own value, if it
   * has one. What is neither is dropped under the name smolvm, as it does, and refused otherwise.
   */
  static Map<String, String> environment(List<String> entries, Context context) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        variables.put(entry.substring(0, equals), entry.substring(equals + 1));
      } else if (equals < 0 && !entry.isEmpty()) {
        String ours = context.env().get(entry);
        if (ours != null) {
          variables.put(entry, ours);
        }
      } else if (!context.program().smolvm()) {
        // The text is not repeated: a value may be a secret.
        throw new UsageException("a value of --env has no name: write KEY=VALUE or KEY");
      }
    }
    return variables;
  }

  /** {@code KEY=VALUE} marks. */
  static Map<String, String> labels(List<String> entries) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals <= 0) {
        throw new UsageException(
            "invalid value '" + Text.shown(entry) + "' for --label: write KEY=VALUE");
      }
      labels.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return labels;
  }

  /** A guest directory, absolute. */
  static String directory(String option, String text) {
    if (!text.startsWith("/")) {
      throw new UsageException(
          "invalid value '" + Text.shown(text) + "' for " + option + ": it is an absolute path");
    }
    return text;
  }

  /**
   * A time span as {@code 30s}, {@code 5m}, {@code 1h30m}, {@code 1500ms}: whole numbers with
   * units, added up. More than zero; finer than a millisecond is rounded up to one.
   */
  static Duration duration(String option, String text) {
    try {
      // In nanoseconds, which reach for 292 years: Duration's own multiplication loads BigDecimal.
      long sum = 0;
      int at = 0;
      while (at < text.length()) {
        if (text.charAt(at) == ' ') {
          at++;
          continue;
        }
        int digits = at;
        while (digits < text.length() && isDigit(text.charAt(digits))) {
          digits++;
        }
        int unit = digits;
        while (unit < text.length() && !isDigit(text.charAt(unit)) && text.charAt(unit) != ' ') {
          unit++;
        }
        long amount = Long.parseLong(text.substring(at, digits));
        sum = Math.addExact(sum, Math.multiplyExact(amount, nanos(text.substring(digits, unit))));
        at = unit;
      }
      if (sum > 0) {
        return Duration.ofNanos(Math.max(sum, NANOS_PER_MILLI));
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // Falls through to the sentence below.
    }
    throw new UsageException(
        "invalid value '"
            + Text.shown(text)
            + "' for "
            + option
            + ": it is a time such as 30s, 5m or 1h30m, and more than zero");
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static long nanos(String unit) {
    return switch (unit) {
      case "ns", "nsec", "nanos" -> 1;
      case "us", "usec" -> 1000;
      case "ms", "msec", "millis" -> NANOS_PER_MILLI;
      case "s", "sec", "secs", "second", "seconds" -> NANOS_PER_SECOND;
      case "m", "min", "mins", "minute", "minutes" -> 60 * NANOS_PER_SECOND;
      case "h", "hr", "hrs", "hour", "hours" -> 3600 * NANOS_PER_SECOND;
      case "d", "day", "days" -> 86_400 * NANOS_PER_SECOND;
      case "w", "week", "weeks" -> 7 * 86_400 * NANOS_PER_SECOND;
      default -> throw new NumberFormatException(unit);
    };
  }
}
