package dev.carafe.bottle.provision;

import dev.carafe.machine.Machine;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether a guest's workspace has been changed since it was copied in, or last brought back whole.
 * By the times of its files, and of its directories for what was deleted, so that nothing has to be
 * copied; a guest sets them as it likes, so this is good for a question and for nothing else.
 */
public final class Unpulled {
  private static final int CHANGED = 10;

  /** The prompt is written before the workspace. */
  private static final String LOOK =
      """
      mark="$1/pulled"
      [ -e "$mark" ] || mark="$1/prompt.md"
      [ -e "$mark" ] && [ -d "$2" ] || exit 0
      first=$(find "$2" -name .git -prune -o -newer "$mark" -print 2>/dev/null | head -n 1)
      [ -z "$first" ] || exit 10
      """;

  private static final String BEGIN = "[ -d \"$1\" ] && : >\"$1/pulling\"";
  private static final String END = "[ -e \"$1/pulling\" ] && mv -f \"$1/pulling\" \"$1/pulled\"";

  private Unpulled() {}

  /**
   * Whether there seems to be something; not, when the guest does not say. Blocks.
   *
   * @param user whose workspace it is
   * @param home the user's home directory
   */
  public static boolean in(Machine machine, String user, String home) {
    return ask(machine, user, LOOK, home, home + "/workspace") == CHANGED;
  }

  /** From now on all is taken out of the guest; what is changed after this moment is not in it. */
  public static void begin(Machine machine, String user, String home) {
    ask(machine, user, BEGIN, home);
  }

  /** What was there at the last beginning is on the host. */
  public static void end(Machine machine, String user, String home) {
    ask(machine, user, END, home);
  }

  private static int ask(Machine machine, String user, String script, String home, String... more) {
    List<String> arguments = new ArrayList<>(List.of(home + "/.carafe"));
    arguments.addAll(List.of(more));
    return GuestCommands.ask(machine, user, script, arguments).exitCode();
  }
}
