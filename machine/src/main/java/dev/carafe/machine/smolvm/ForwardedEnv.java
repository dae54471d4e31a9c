package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Environment variables on their way into a guest. An argument list can be read by every user of
 * the host, so smolvm is given {@code -e NAME}, which means "the value that you have yourself", and
 * the value is put into the environment of the smolvm process.
 *
 * <p>That cannot be done with variables that <em>steer</em> the smolvm process (or the shell, the
 * dynamic linker or the Java beneath it): {@code PATH}, {@code HOME}, {@code LD_PRELOAD}, … For a
 * command they travel under another name and are renamed in the guest ({@link GuestCommand}). A
 * machine's own environment has no such detour: there those whose values are known to be places and
 * locales are written out ({@link #PLAIN}), and the others are refused.
 *
 * @param arguments what stands after each {@code -e}: {@code NAME}, or {@code NAME=value} when the
 *     value is public
 * @param values for the environment of the smolvm process
 */
record ForwardedEnv(List<String> arguments, Map<String, String> values) {
  private static final Pattern STEERING =
      Pattern.compile(
          "PATH|HOME|SHELL|TMPDIR|LANG|LANGUAGE|LC_.*|XDG_.*"
              + "|LD_.*|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*|GCONV_PATH|LOCPATH|NLSPATH|RES_OPTIONS"
              + "|HOSTALIASES|LOCALDOMAIN"
              + "|IFS|ENV|CDPATH|PS4|SHELLOPTS|BASHOPTS|BASH_.*"
              + "|SMOLVM_.*|LIBKRUN.*|KRUN_.*|RUST_.*|DOCKER_.*|SSH_AUTH_SOCK|SSL_CERT_.*"
              + "|CARAFE_.*|JAVA.*|JDK_.*|_JAVA_OPTIONS|CLASSPATH|MAVEN_.*");

  /** Steering variables whose values are places and locales, and no secrets. */
  private static final Pattern PLAIN =
      Pattern.compile("PATH|HOME|SHELL|TMPDIR|LANG|LANGUAGE|LC_.*|XDG_.*");

  ForwardedEnv {
    arguments = List.copyOf(arguments);
    values = Map.copyOf(values);
  }

  static boolean steers(String name) {
    return STEERING.matcher(name).matches();
  }

  /** For a machine's record: no command of ours runs in the guest that could rename anything. */
  static ForwardedEnv ofMachine(String attempted, Map<String, String> env) {
    List<String> arguments = new ArrayList<>();
    Map<String, String> values = new LinkedHashMap<>();
    env.forEach(
        (name, value) -> {
          checkName(attempted, name);
          if (PLAIN.matcher(name).matches()) {
            arguments.add(name + "=" + value);
          } else if (steers(name)) {
            throw new MachineException(
                ErrorCode.UNSUPPORTED,
                attempted,
                "smolvm takes the values of a machine's variables from its own environment, and "
                    + name
                    + " there would change smolvm itself; give it to each command instead");
          } else {
            arguments.add(name);
            values.put(name, value);
          }
        });
    return new ForwardedEnv(arguments, values);
  }

  static void checkName(String attempted, String name) {
    // What starts with a hyphen would be an option to smolvm.
    if (name.isEmpty() || name.startsWith("-") || name.indexOf('=') >= 0) {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "'" + name + "' cannot be the name of a variable");
    }
  }
}
