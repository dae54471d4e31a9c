package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.MachineException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A command as smolvm is to run it: as another user where one is asked for, and with variables that
 * must not stand in the environment of smolvm itself brought in under another name.
 *
 * <p>smolvm runs commands as root. Another user is reached through {@code runuser -u}, not {@code
 * runuser -l}: a login shell would read profiles and open a PAM session, which hangs in minimal
 * guests. {@code runuser} leaves {@code HOME} and {@code USER} as root has them, so these are given
 * too: {@code /root} for root and {@code /home/NAME} for others, because asking the guest's passwd
 * would cost one more command.
 *
 * @param argv the program that smolvm starts, and its arguments
 */
record GuestCommand(List<String> argv, ForwardedEnv env) {
  /** Under which a value travels whose name would steer smolvm; never seen by the command. */
  private static final String ALIAS = "_GUEST_VALUE_";

  private static final Pattern SHELL_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern USER_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9._-]*\\$?");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  GuestCommand {
    argv = List.copyOf(argv);
  }

  /**
   * @param defaultUser who runs it when {@code spec} does not say; empty for root
   */
  static GuestCommand of(String attempted, ExecSpec spec, Optional<String> defaultUser) {
    List<String> arguments = new ArrayList<>();
    Map<String, String> values = new LinkedHashMap<>();
    List<String> argv = new ArrayList<>();

    Optional<String> user = spec.user().or(() -> defaultUser);
    user.ifPresent(
        who -> {
          String name = who.split(":", 2)[0];
          if (!spec.env().containsKey("HOME")) {
            arguments.add("HOME=" + home(name));
          }
          if (!spec.env().containsKey("USER")) {
            arguments.add("USER=" + name);
          }
          argv.addAll(switchTo(attempted, who));
        });
    argv.addAll(spec.argv());

    StringBuilder renaming = new StringBuilder();
    spec.env()
        .forEach(
            (name, value) -> {
              ForwardedEnv.checkName(attempted, name);
              if (!ForwardedEnv.steers(name)) {
                arguments.add(name);
                values.put(name, value);
                return;
              }
              if (!SHELL_NAME.matcher(name).matches()) {
                throw new MachineException(
                    ErrorCode.UNSUPPORTED,
                    attempted,
                    "smolvm cannot be given a variable of the name '" + name + "'");
              }
              String alias = ALIAS + values.size();
              arguments.add(alias);
              values.put(alias, value);
              renaming.append(
                  name + "=\"$" + alias + "\"; export " + name + "; unset " + alias + "; ");
            });
    if (!renaming.isEmpty()) {
      argv.addAll(0, List.of("/bin/sh", "-c", renaming + "exec \"$@\"", "sh"));
    }
    return new GuestCommand(argv, new ForwardedEnv(arguments, values));
  }

  private static String home(String name) {
    return switch (name) {
      case "root", "0" -> "/root";
      default -> NUMBER.matcher(name).matches() ? "/" : "/home/" + name;
    };
  }

  private static List<String> switchTo(String attempted, String user) {
    String[] parts = user.split(":", 2);
    String name = parts[0];
    boolean group = parts.length > 1;
    boolean named = USER_NAME.matcher(name).matches();
    if (named && !group) {
      return List.of("runuser", "-u", name, "--");
    }
    if (named && USER_NAME.matcher(parts[1]).matches()) {
      return List.of("runuser", "-u", name, "-g", parts[1], "--");
    }
    if (NUMBER.matcher(name).matches() && group && NUMBER.matcher(parts[1]).matches()) {
      return List.of("setpriv", "--reuid=" + name, "--regid=" + parts[1], "--clear-groups", "--");
    }
    throw new MachineException(
        ErrorCode.UNSUPPORTED,
        attempted,
        "with smolvm a user is NAME, NAME:GROUP or UID:GID, not '" + user + "'");
  }
}
