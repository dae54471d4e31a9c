package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Who works in a guest, by the guest's own list of users.
 *
 * @param home absolute
 */
public record GuestUser(String name, int uid, int gid, String home) {
  private static final int MOST_HOME = 200;

  /** What provisioning calls in the guest, besides the shell. */
  private static final List<String> TOOLS = List.of("mkdir", "rm");

  /** Prints the user's numbers and home, then what is missing. */
  private static final String LOOK =
      """
      name=$1
      shift
      while IFS=: read -r user x uid gid x home x; do
        if [ "$user" = "$name" ]; then printf 'user:%s:%s:%s\\n' "$uid" "$gid" "$home"; break; fi
      done </etc/passwd
      for tool; do command -v "$tool" >/dev/null || printf 'lacks:%s\\n' "$tool"; done
      """;

  /**
   * Then makes what any program expects of a machine that it works in. Nothing is called where all
   * is as it should be: a launch waits for it.
   */
  private static final String SETTLE =
      LOOK
          + """
          [ "$user" = "$name" ] || exit 0
          for shared in /tmp /var/tmp; do
            if [ ! -d "$shared" ] || [ ! -k "$shared" ]; then
              mkdir -p "$shared" && chmod 1777 "$shared" || exit 1
            fi
          done
          if [ ! -d "$home" ] || [ -O "$home" ]; then
            mkdir -p "$home" && chown "$uid:$gid" "$home" || exit 1
          fi
          """;

  /**
   * The user of that name. Runs one command in the guest.
   *
   * @throws BottleException when the guest's image has no such user, no shell, or lacks a tool
   */
  public static GuestUser find(Machine machine, String name) {
    return said(machine, name, GuestCommands.ask(machine, "0", LOOK, arguments(name)));
  }

  /**
   * The same, after making the home directory and the directories for temporary files, where they
   * are missing. Runs one command in the guest.
   *
   * @throws BottleException as {@link #find} does
   * @throws MachineException GUEST when a directory cannot be made
   */
  public static GuestUser settle(Machine machine, String name) {
    ExecResult result = GuestCommands.ask(machine, "0", SETTLE, arguments(name));
    GuestUser user = said(machine, name, result);
    if (result.exitCode() != 0) {
      throw new MachineException(
          ErrorCode.GUEST,
          "make the directories of machine '" + machine.name() + "'",
          GuestCommands.said(result));
    }
    return user;
  }

  private static List<String> arguments(String name) {
    List<String> arguments = new ArrayList<>(List.of(name));
    arguments.addAll(TOOLS);
    return arguments;
  }

  private static GuestUser said(Machine machine, String name, ExecResult result) {
    String image = "the image of machine '" + machine.name() + "'";
    if (result.exitCode() == 126 || result.exitCode() == 127) {
      throw new BottleException(
          image
              + " has no shell at /bin/sh, without which nothing can be set up in it; use an image"
              + " that has one");
    }
    List<String> lines = Arrays.asList(result.out().split("\n", -1));
    List<String> missing = TOOLS.stream().filter(tool -> lines.contains("lacks:" + tool)).toList();
    if (!missing.isEmpty()) {
      throw new BottleException(
          image + " lacks " + String.join(" and ", missing) + "; use one that has them");
    }
    return lines.stream()
        .filter(line -> line.startsWith("user:"))
        .findFirst()
        .map(line -> parsed(name, line, image))
        .orElseThrow(
            () ->
                new BottleException(
                    image
                        + " has no user '"
                        + name
                        + "', which agents work as; add one to the image (useradd -m "
                        + name
                        + ")"));
  }

  private static GuestUser parsed(String name, String line, String image) {
    String[] fields = line.split(":", 4);
    boolean numbers =
        fields.length == 4 && fields[1].matches("[0-9]{1,9}") && fields[2].matches("[0-9]{1,9}");
    if (!numbers
        || !fields[3].matches("(/[A-Za-z0-9_.@+-]+)+")
        || fields[3].length() > MOST_HOME
        || List.of(fields[3].split("/")).contains("..")) {
      throw new BottleException(
          image
              + " has a user '"
              + name
              + "' without a number, or without a home directory of plain letters, in /etc/passwd");
    }
    return new GuestUser(name, Integer.parseInt(fields[1]), Integer.parseInt(fields[2]), fields[3]);
  }

  /** Where the files that Carafe gives this user are. */
  public String directory() {
    return home + "/.carafe";
  }

  /** Where this user works. */
  public String workspace() {
    return home + "/workspace";
  }
}
