package dev.carafe.machine.host;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;

/**
 * One thing the host must have.
 *
 * @param lookedFor a command's name, or a file's absolute name
 * @param debianPackage the Debian package that holds it
 * @param purpose what Carafe uses it for, a phrase for a person
 */
public record Requirement(String lookedFor, String debianPackage, String purpose) {

  public Requirement {
    Objects.requireNonNull(lookedFor);
    Objects.requireNonNull(debianPackage);
    Objects.requireNonNull(purpose);
  }

  boolean isFile() {
    return lookedFor.startsWith("/");
  }

  /**
   * Reads a list of requirements: one a line, three columns divided by white space, the last of
   * which may hold spaces; empty lines and lines that start with {@code #} are skipped. The
   * launcher reads the same text with the shell's {@code read}.
   *
   * @throws IllegalArgumentException if a line has fewer than three columns
   */
  static List<Requirement> parse(String text) {
    List<Requirement> found = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      String stripped = line.strip();
      if (stripped.isEmpty() || stripped.startsWith("#")) {
        continue;
      }
      String[] columns = stripped.split("\\s+", 3);
      if (columns.length < 3) {
        throw new IllegalArgumentException("requirement without three columns: " + stripped);
      }
      found.add(new Requirement(columns[0], columns[1], columns[2]));
    }
    return List.copyOf(found);
  }

  /** The line an ordinary user is told to run so that these requirements are met. */
  static String installLine(List<Requirement> missing) {
    return "sudo apt-get install -y --no-install-recommends "
        + String.join(" ", packagesOf(missing));
  }

  /** The packages of these requirements, each once, in the list's order. */
  static List<String> packagesOf(List<Requirement> requirements) {
    LinkedHashSet<String> packages = new LinkedHashSet<>();
    requirements.forEach(requirement -> packages.add(requirement.debianPackage()));
    return List.copyOf(packages);
  }
}
