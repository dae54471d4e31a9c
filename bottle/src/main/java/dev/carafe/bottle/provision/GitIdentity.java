package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.GitUser;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import java.util.List;
import java.util.Optional;

/**
 * Whom git in the guest names as the author, and that it works in the workspace whoever calls it.
 * Written into the user's own {@code ~/.gitconfig}, to which the agent may add; so it is not among
 * what a freeze leaves out, and is set again when the bottle is resumed. How git finds repositories
 * behind a gate is not said here.
 */
public final class GitIdentity {
  private static final int MOST_LENGTH = 200;
  private static final int NO_GIT = 3;

  /**
   * Where there is a file already, git itself changes it. Otherwise the shell writes it: git takes
   * an emulated guest half a second.
   */
  private static final String SCRIPT =
      """
      command -v git >/dev/null || exit 3
      export HOME="$1"
      if [ ! -e "$1/.gitconfig" ] && [ ! -L "$1/.gitconfig" ]; then
        printf '%s' "$5" >"$1/.gitconfig"
        exit
      fi
      if [ -n "$2" ]; then git config --global user.name "$2" || exit 1; fi
      if [ -n "$3" ]; then git config --global user.email "$3" || exit 1; fi
      git config --global --get-all safe.directory | grep -qxF -- "$4" ||
        git config --global --add safe.directory "$4"
      """;

  private GitIdentity() {}

  /**
   * Sets the author and makes git trust the workspace. Blocks.
   *
   * @return false when the guest has no git, so that there is nobody to tell
   * @throws BottleException when a name or an address could be more than that
   */
  public static boolean set(Machine machine, GuestUser user, GitUser author) {
    String name = checked("name", author.name());
    String email = checked("email", author.email());
    String attempted = "tell git in machine '" + machine.name() + "' who the author is";
    ExecResult result =
        GuestCommands.ask(
            machine, user.name(), SCRIPT, arguments(user.home(), name, email, user.workspace()));
    if (result.exitCode() == NO_GIT) {
      return false;
    }
    if (result.exitCode() != 0) {
      throw new MachineException(ErrorCode.GUEST, attempted, GuestCommands.said(result));
    }
    // Root does not trust other users' directories by itself.
    GuestCommands.run(
        machine, "0", attempted, SCRIPT, arguments("/root", "", "", user.workspace()));
    return true;
  }

  private static List<String> arguments(String home, String name, String email, String workspace) {
    StringBuilder file = new StringBuilder();
    if (!name.isEmpty() || !email.isEmpty()) {
      file.append("[user]\n");
      file.append(name.isEmpty() ? "" : "\tname = " + quoted(name) + "\n");
      file.append(email.isEmpty() ? "" : "\temail = " + quoted(email) + "\n");
    }
    file.append("[safe]\n\tdirectory = ").append(quoted(workspace)).append('\n');
    return List.of(home, name, email, workspace, file.toString());
  }

  /** A value as git's own files have it. */
  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  /** A line end would begin another setting, of which some are commands. */
  private static String checked(String key, Optional<String> value) {
    String text = value.orElse("");
    if (text.length() > MOST_LENGTH || text.chars().anyMatch(Character::isISOControl)) {
      throw new BottleException(
          "'git-gate.user." + key + "' must be one line of at most " + MOST_LENGTH + " characters");
    }
    return text;
  }
}
