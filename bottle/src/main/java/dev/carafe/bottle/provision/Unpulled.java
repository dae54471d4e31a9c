package dev.carafe.bottle.provision;

import dev.carafe.machine.Machine;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Whether a guest's workspace has been changed since it was copied in, or last brought back whole.
 * By the times at which its files and directories were changed, so that nothing has to be copied; a
 * guest can set those, so this is good for a question and for nothing else.
 */
public final class Unpulled {
  /** Put there when the workspace was; its content does not matter, nor when it was written. */
  private static final String COPIED = "copied";

  /**
   * A time of change cannot be set back by {@code tar}, {@code cp -p} or {@code mv}, as one of
   * writing is. Not every {@code find} compares them. A guest that does not say has changed it.
   */
  private static final String LOOK =
      """
      command -v find >/dev/null || exit 11
      how=cm mark="$1/pulled"
      [ -e "$mark" ] || how=cc mark="$1/copied"
      [ -e "$mark" ] || mark="$1/prompt.md"
      [ -e "$mark" ] && [ -d "$2" ] || exit 11
      find "$mark" -newer$how "$mark" >/dev/null 2>&1 || how=
      first=$(find "$2" -name .git -prune -o -newer$how "$mark" -print 2>/dev/null | head -n 1)
      [ -z "$first" ] || exit 10
      """;

  private static final String BEGIN = "[ -d \"$1\" ] && : >\"$1/$2\"";

  /** What was brought back later is the later mark; a rename keeps the time of writing. */
  private static final String END =
      "[ -f \"$1/$2\" ] && { [ \"$1/pulled\" -nt \"$1/$2\" ] || mv -f \"$1/$2\" \"$1/pulled\"; }";

  private Unpulled() {}

  /** The workspace has been copied in, whole. */
  public static void copied(Machine machine, GuestUser user) {
    GuestFiles.replace(machine, user, user.directory() + "/" + COPIED, new byte[0], 0600);
  }

  /**
   * Whether there seems to be something, or the guest does not say. Blocks.
   *
   * @param user whose workspace it is
   * @param home the user's home directory
   */
  public static boolean in(Machine machine, String user, String home) {
    return ask(machine, user, LOOK, home, home + "/workspace") != 0;
  }

  /**
   * From now on all is taken out of the guest; what is changed after this moment is not in it.
   *
   * @return to be run when what was there at this beginning, of which there may be others, is on
   *     the host
   */
  public static Runnable begin(Machine machine, String user, String home) {
    String mark = "pulling-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    ask(machine, user, BEGIN, home, mark);
    return () -> ask(machine, user, END, home, mark);
  }

  private static int ask(Machine machine, String user, String script, String home, String... more) {
    List<String> arguments = new ArrayList<>(List.of(home + "/.carafe"));
    arguments.addAll(List.of(more));
    return GuestCommands.ask(machine, user, script, arguments).exitCode();
  }
}
