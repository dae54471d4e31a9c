package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The argument lists of {@code smolvm}, without the program itself. Nothing here runs anything or
 * looks at anything but its arguments and the release that it is made for: 0.8 takes the name of a
 * machine as a positional argument with {@code create}, {@code delete}, {@code update} and {@code
 * data-dir}, and releases from 1.0.2 on as {@code --name}. Every other verb, and {@code exec}, has
 * {@code --name} in all releases; {@code exec} never had the short form.
 *
 * <p>What a release would silently ignore is refused here ({@link ErrorCode#UNSUPPORTED}).
 */
record SmolvmArgv(SmolvmVersion version) {

  List<String> packCreate(String image, Path output) {
    return List.of("pack", "create", "--image", image, "-o", output.toString());
  }

  List<String> machineCreate(String name, SmolvmCreate options, ForwardedEnv env) {
    check(name, options);
    List<String> argv = verb("create");
    named(argv, name);
    options.image().ifPresent(image -> option(argv, "--image", image));
    options.from().ifPresent(pack -> option(argv, "--from", pack.toString()));
    option(argv, "--cpus", options.cpus());
    option(argv, "--mem", options.memoryMib());
    option(argv, "--storage", options.storageGib());
    option(argv, "--overlay", options.overlayGib());
    if (options.net() || options.limitsNetwork()) {
      // An allow-list implies it, the manual says; with --from it does not.
      argv.add("--net");
    }
    options.allowCidrs().forEach(cidr -> option(argv, "--allow-cidr", cidr));
    options.allowHosts().forEach(host -> option(argv, "--allow-host", host));
    if (options.outboundLocalhostOnly()) {
      argv.add("--outbound-localhost-only");
    }
    options.volumes().forEach(volume -> option(argv, "-v", volume));
    options.ports().forEach(port -> option(argv, "-p", port));
    options.init().forEach(command -> option(argv, "--init", command));
    env.arguments().forEach(variable -> option(argv, "-e", variable));
    options.directory().ifPresent(path -> option(argv, "-w", path));
    options.labels().forEach((key, value) -> option(argv, "--label", key + "=" + value));
    if (!options.command().isEmpty()) {
      argv.add("--");
      argv.addAll(options.command());
    }
    return List.copyOf(argv);
  }

  private void check(String name, SmolvmCreate options) {
    boolean from = options.from().isPresent();
    refuse(
        name,
        from && options.limitsNetwork() && !version.atLeast(SmolvmVersion.FROM_KEEPS_ALLOW_LIST),
        "smolvm "
            + version
            + " drops the allow-list of a machine made from a pack and would let it reach"
            + " everything; releases from "
            + SmolvmVersion.FROM_KEEPS_ALLOW_LIST
            + " keep it");
    refuse(
        name,
        from && options.directory().isPresent(),
        "smolvm ignores the working directory of a machine made from a pack; give it to each"
            + " command instead");
    refuse(
        name,
        !options.command().isEmpty() && !version.atLeast(SmolvmVersion.CREATE_COMMAND),
        since("a command that runs at each start", SmolvmVersion.CREATE_COMMAND));
    refuse(
        name,
        !options.labels().isEmpty() && !version.atLeast(SmolvmVersion.LABELS),
        since("labels", SmolvmVersion.LABELS));
    if (from && options.image().isPresent()) {
      throw new MachineException(
          ErrorCode.INVALID,
          "create machine '" + name + "'",
          "it is made from an image or from a pack, not from both");
    }
  }

  private static void refuse(String name, boolean condition, String why) {
    if (condition) {
      throw new MachineException(ErrorCode.UNSUPPORTED, "create machine '" + name + "'", why);
    }
  }

  /** The sentence for something that came later. */
  String since(String what, SmolvmVersion first) {
    return "smolvm " + version + " has no " + what + "; releases from " + first + " do";
  }

  List<String> machineStart(String name) {
    return withName("start", name);
  }

  List<String> machineStop(String name) {
    return withName("stop", name);
  }

  List<String> machineDelete(String name) {
    List<String> argv = verb("delete");
    named(argv, name);
    // Without it smolvm asks, and nobody answers.
    argv.add("-f");
    return List.copyOf(argv);
  }

  List<String> machineStatus(String name) {
    List<String> argv = new ArrayList<>(withName("status", name));
    argv.add("--json");
    return List.copyOf(argv);
  }

  List<String> machineList() {
    return List.of("machine", "ls", "--json");
  }

  List<String> machineDataDirectory(String name) {
    List<String> argv = verb("data-dir");
    named(argv, name);
    return List.copyOf(argv);
  }

  List<String> machineUpdate(String name, SmolvmUpdate change, ForwardedEnv env) {
    List<String> argv = verb("update");
    named(argv, name);
    option(argv, "--cpus", change.cpus());
    option(argv, "--mem", change.memoryMib());
    option(argv, "--storage", change.storageGib());
    option(argv, "--overlay", change.overlayGib());
    env.arguments().forEach(variable -> option(argv, "-e", variable));
    change.removedEnv().forEach(variable -> option(argv, "--remove-env", variable));
    change.directory().ifPresent(path -> option(argv, "-w", path));
    return List.copyOf(argv);
  }

  List<String> machineCopy(String source, String destination) {
    return List.of("machine", "cp", source, destination);
  }

  /** How a command's streams are connected. */
  enum Streams {
    /** Standard output and error come as they are written; no input. */
    OUTPUT,
    /** Input too. */
    INPUT,
    /** Input and output through a terminal. */
    TERMINAL,
    /** None: the command goes on by itself. */
    NONE,
  }

  List<String> machineExec(
      String name,
      GuestCommand command,
      Optional<String> directory,
      Optional<Duration> timeout,
      Streams streams) {
    List<String> argv = new ArrayList<>(withName("exec", name));
    directory.ifPresent(path -> option(argv, "-w", path));
    timeout.ifPresent(limit -> option(argv, "--timeout", duration(limit)));
    command.env().arguments().forEach(variable -> option(argv, "-e", variable));
    switch (streams) {
      // Without it smolvm collects all output first and cuts it at 11 MiB: 0.8 silently, later
      // releases with an error. With -i it streams anyhow.
      case OUTPUT -> argv.add("--stream");
      case INPUT -> argv.add("-i");
      case TERMINAL -> argv.addAll(List.of("-i", "-t"));
      case NONE -> {
        if (!version.atLeast(SmolvmVersion.EXEC_DETACH)) {
          throw new MachineException(
              ErrorCode.UNSUPPORTED,
              "run a detached command in machine '" + name + "'",
              since("detached commands", SmolvmVersion.EXEC_DETACH));
        }
        argv.add("-d");
      }
    }
    // Else smolvm takes what looks like an option for its own.
    argv.add("--");
    argv.addAll(command.argv());
    return List.copyOf(argv);
  }

  /**
   * The list in a form that may be shown: the values of variables that stand on it are hidden. Only
   * smolvm's part is touched, not the guest's command after {@code --}.
   */
  static List<String> shown(List<String> argv) {
    List<String> shown = new ArrayList<>(argv);
    int end = shown.indexOf("--");
    for (int i = 1; i < (end < 0 ? shown.size() : end); i++) {
      int equals = shown.get(i).indexOf('=');
      if (shown.get(i - 1).equals("-e") && equals >= 0) {
        shown.set(i, shown.get(i).substring(0, equals) + "=***");
      }
    }
    return List.copyOf(shown);
  }

  /** In the words of Rust's humantime. */
  private static String duration(Duration limit) {
    long millis = limit.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  private static List<String> verb(String verb) {
    return new ArrayList<>(List.of("machine", verb));
  }

  private static List<String> withName(String verb, String name) {
    MachineSpec.checkName(name);
    return List.of("machine", verb, "--name", name);
  }

  /** The name with the verbs that changed. */
  private void named(List<String> argv, String name) {
    MachineSpec.checkName(name);
    if (version.atLeast(SmolvmVersion.NAME_OPTION)) {
      argv.add("--name");
    }
    argv.add(name);
  }

  private static void option(List<String> argv, String option, String value) {
    argv.add(option);
    argv.add(value);
  }

  private static void option(List<String> argv, String option, OptionalInt value) {
    value.ifPresent(number -> option(argv, option, Integer.toString(number)));
  }
}
