package dev.carafe.cli;

import dev.carafe.bottle.SidecarSpec;
import dev.carafe.image.pack.LoadedPack;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The options that describe a machine, which {@code run} and {@code create} have in common. */
final class MachineFlags {
  static final String NO_MOUNTS =
      "machines cannot share directories of the host yet; copy with 'machine cp'";
  static final String NO_NETWORK =
      "machines have one kind of network, without a device; see docs/network.md";
  static final String NO_GPU = "machines have no GPU";
  static final String NO_SECRETS = "secrets are not built yet";
  static final String NO_AGENT = "nothing of the host's is passed into a machine yet";
  static final String NO_SMOLFILE = "Smolfiles cannot be read yet; give their values as options";
  static final String NO_PROXY = "images are fetched by the host, with the host's own settings";
  static final String NO_FORK = "machines cannot be forked yet";

  private MachineFlags() {}

  static void describe(Grammar grammar) {
    Program program = grammar.program();
    grammar
        .value("IMAGE", "The image to make the machine from (default: base).", "-I", "--image")
        .value("PATH", "Make it from a .smolmachine file instead of an image.", "--from")
        .value("NAME", "The machine's name (default: vm- and 8 random digits).", "-n", "--name")
        .value("N", "Virtual CPUs, at most 16 (default: " + program.cpus() + ").", "--cpus")
        .value("MiB", "Memory, at least 64 (default: " + program.memoryMib() + ").", "--mem")
        .value("GiB", "Recorded for programs that ask for it (default: 20).", "--storage")
        .value("GiB", "Space for all that the guest writes, at most 64 (default: 10).", "--overlay")
        .values("KEY=VALUE", "Environment of every command; KEY alone: ours.", "-e", "--env")
        .value(
            "DIR", "Working directory of every command (default: the image's).", "-w", "--workdir")
        .value(
            "USER", "User of every command: name, uid, uid:gid (default: the image's).", "--user")
        .flag("Let it reach the public network.", "--net")
        .values("CIDR", "Let it reach only this network, and what else is named.", "--allow-cidr")
        .values("HOST", "Let it reach only this host, its sub-domains, …", "--allow-host")
        .flag("Let it reach only this computer's loopback.", "--outbound-localhost-only")
        .value("FILE", "Let it reach only what this routes file allows, by a proxy.", "--routes")
        .values("HOST:GUEST", "Publish a port of it on this computer's loopback.", "-p", "--port")
        .value("OS/ARCH", "The image's platform; only this computer's own.", "--oci-platform")
        .refuseValue(NO_MOUNTS, "-v", "--volume")
        .refuseValue(NO_NETWORK, "--net-backend")
        .refuseValue(NO_NETWORK, "--dns")
        .refuseValue(NO_NETWORK, "--network")
        .refuseFlags(NO_GPU, "--gpu", "--cuda", "--auto-graph")
        .refuseValue(NO_GPU, "--gpu-vram")
        .refuseFlags("programs for another processor cannot be run", "--rosetta")
        .refuseValue(NO_SMOLFILE, "-s", "--smolfile")
        .refuseFlags(NO_AGENT, "--ssh-agent", "--docker-config", "--docker-socket")
        .refuseValue(NO_AGENT, "--expose-socket")
        .refuseValue(NO_AGENT, "--mount-socket")
        .refuseValue(NO_SECRETS, "--secret-env")
        .refuseValue(NO_SECRETS, "--secret-file")
        .refuseValue("the size of an image cannot be limited yet", "--max-image-size")
        .refuseFlags("choose the commands' user with --user instead", "--unprivileged")
        .refuseValue(NO_PROXY, "--proxy")
        .refuseValue(NO_PROXY, "--no-proxy")
        .accepted("--no-init-cache")
        .accepted("--rebuild-init-cache")
        .accepted("--oci-cache");
  }

  /** The machine that the options describe; its image is not looked at. */
  static MachineSpec spec(Arguments arguments, Context context, String name) {
    Program program = context.program();
    checkPlatform(arguments);
    if (arguments.has("--from") && arguments.has("--image")) {
      throw new UsageException("--from and --image cannot be given together");
    }
    try {
      MachineSpec.Builder spec =
          MachineSpec.builder(name)
              .cpus(Values.cpus(arguments, context.console(), program.cpus()))
              .memoryMib(Values.memoryMib(arguments, program.memoryMib()))
              .disks(
                  Values.storageGib(arguments, MachineSpec.DEFAULT_STORAGE_GIB),
                  Values.overlayGib(arguments, MachineSpec.DEFAULT_OVERLAY_GIB))
              .env(Values.environment(arguments.values("--env"), context))
              .network(NetworkFlags.network(arguments))
              .image(arguments.value("--image"))
              .user(arguments.value("--user"));
      if (arguments.value("--image").isPresent() && arguments.value("--image").get().isEmpty()) {
        throw new UsageException("--image is empty");
      }
      Optional<String> directory = arguments.value("--workdir");
      if (directory.isPresent()) {
        spec.directory(Values.directory("--workdir", directory.get()));
      }
      Optional<String> routes = arguments.value("--routes");
      return routes.isPresent() ? withSidecar(spec.build(), routes.get()) : spec.build();
    } catch (MachineException e) {
      throw new UsageException(e.said());
    }
  }

  /** A routes file that cannot be used is refused before there is a machine. */
  private static MachineSpec withSidecar(MachineSpec spec, String routes) {
    try {
      return SidecarSpec.prepare(spec, Path.of(routes));
    } catch (MachineException e) {
      throw new FailureException(e.said(), ExitCode.FAILED, e);
    }
  }

  /** The machine to make of a pack, whose image has environment and directory already. */
  static MachineSpec of(LoadedPack pack, MachineSpec spec, Context context) {
    Program program = context.program();
    if (pack.manifest().network() && !spec.network().outbound()) {
      // What was downloaded does not decide what it may reach.
      context.console().note("Note: this pack asks for a network, which it gets only with --net.");
    }
    // As in smolvm, a value that is the default means that the pack decides.
    int cpus =
        spec.cpus() == program.cpus() ? Math.clamp(pack.manifest().cpus(), 1, 16) : spec.cpus();
    int memory =
        spec.memoryMib() == program.memoryMib()
            ? Math.clamp(pack.manifest().mem(), 64, 1 << 20)
            : spec.memoryMib();
    return spec.toBuilder().image(pack.image().digest()).cpus(cpus).memoryMib(memory).build();
  }

  /** The name given, checked; or one nobody has. */
  static String name(Optional<String> given) {
    if (given.isEmpty()) {
      // Not from SecureRandom, which takes long to load: a name is no secret, and a clash is found.
      return "vm-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    }
    try {
      MachineSpec.checkName(given.get());
    } catch (MachineException e) {
      throw new UsageException("invalid name '" + Text.shown(given.get()) + "': " + e.said());
    }
    return given.get();
  }

  /** {@code linux/amd64} on an x86-64 computer, {@code linux/arm64} on an ARM one. */
  static String platform() {
    String architecture = System.getProperty("os.arch");
    return "linux/" + (architecture.equals("aarch64") ? "arm64" : architecture);
  }

  static void checkPlatform(Arguments arguments) {
    Optional<String> wanted = arguments.value("--oci-platform");
    if (wanted.isPresent() && !wanted.get().equals(platform())) {
      throw new UsageException(
          "--oci-platform "
              + Text.shown(wanted.get())
              + " is not supported: this computer runs "
              + platform());
    }
  }

  /** The command an image starts when it is given none. */
  static List<String> defaultCommand(List<String> entrypoint, List<String> cmd) {
    List<String> command = new ArrayList<>(entrypoint);
    command.addAll(cmd);
    return command;
  }
}
