package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Network;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The machines of the engine {@code smolvm}. What a spec asks for and smolvm cannot do is refused
 * with {@link ErrorCode#UNSUPPORTED} before anything is run:
 *
 * <ul>
 *   <li>a default user and labels before 1.8.0, which has the labels that the user is kept in;
 *   <li>a workload before 1.0.2;
 *   <li>a machine that is removed by itself;
 *   <li>images in an OCI layout, and before 0.8.1 any local image.
 * </ul>
 *
 * <p>A spec without an image is smolvm's own bare machine. A path that ends in {@code .smolmachine}
 * is a pack. smolvm does not show a machine's environment, working directory and init commands, so
 * {@link Machine#spec} of a machine that was found, not made, is without them; they are in force
 * all the same.
 */
public final class SmolvmMachines implements Machines {
  /** The label that the default user is kept in. */
  static final String USER_LABEL = "dev.carafe.user";

  private final Smolvm smolvm;

  public SmolvmMachines(Smolvm smolvm) {
    this.smolvm = smolvm;
  }

  @Override
  public Machine create(MachineSpec spec) {
    String attempted = "create machine '" + spec.name() + "'";
    if (spec.ephemeral()) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          attempted,
          "smolvm's 'machine create' makes machines that last; delete it when it is done");
    }
    SmolvmVersion version = smolvm.version();
    Map<String, String> labels = new LinkedHashMap<>(spec.labels());
    if (spec.user().isPresent()) {
      if (!version.atLeast(SmolvmVersion.LABELS)) {
        throw new MachineException(
            ErrorCode.UNSUPPORTED,
            attempted,
            "smolvm " + version + " keeps no default user; name one with each command");
      }
      labels.put(USER_LABEL, spec.user().get());
    }
    var options =
        SmolvmCreate.builder()
            .cpus(spec.cpus())
            .memoryMib(spec.memoryMib())
            .storageGib(spec.storageGib())
            .overlayGib(spec.overlayGib())
            .env(spec.env())
            .init(spec.init())
            .command(spec.workload())
            .labels(labels);
    network(attempted, version, spec, options);
    spec.directory().ifPresent(options::directory);
    spec.image().ifPresent(image -> image(attempted, version, image, options));
    smolvm.machineCreate(spec.name(), options.build());
    return new SmolvmMachine(smolvm, spec);
  }

  /** A list that smolvm would not keep to is refused: it would be a machine that reaches all. */
  private static void network(
      String attempted, SmolvmVersion version, MachineSpec spec, SmolvmCreate.Builder options) {
    Network network = spec.network();
    if (network.outbound()) {
      options.net();
    }
    if (network.reach() == Network.Reach.OPEN && !network.cidrs().isEmpty()) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          attempted,
          "smolvm takes networks only as the list of all that may be reached");
    }
    boolean limited = network.reach() == Network.Reach.LISTED;
    boolean pack = spec.image().map(image -> image.endsWith(".smolmachine")).orElse(false);
    if (limited
        && !version.atLeast(pack ? SmolvmVersion.LIMITED_PACKS : SmolvmVersion.LIMITED_NETWORK)) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          attempted,
          "smolvm " + version + " does not keep machines to the networks that are allowed");
    }
    network.cidrs().forEach(cidr -> options.allowCidr(cidr.toString()));
    network.hosts().forEach(options::allowHost);
    network.ports().forEach(port -> options.port(port.toString()));
  }

  /** Says to smolvm, in its own words, what a reference of Carafe's means. */
  private static void image(
      String attempted, SmolvmVersion version, String reference, SmolvmCreate.Builder options) {
    if (reference.endsWith(".smolmachine")) {
      options.from(Path.of(reference).toAbsolutePath());
      return;
    }
    String[] parts = reference.split(":", 2);
    String transport = parts.length == 2 ? parts[0] : "";
    switch (transport) {
      case "docker" -> options.image(parts[1].startsWith("//") ? parts[1].substring(2) : reference);
      case "docker-archive", "oci-archive", "tar", "dir" -> {
        if (!version.atLeast(SmolvmVersion.LOCAL_IMAGES)) {
          throw new MachineException(
              ErrorCode.UNSUPPORTED,
              attempted,
              "smolvm " + version + " takes images only from registries");
        }
        String path = Path.of(parts[1]).toAbsolutePath().toString();
        options.image(transport.equals("dir") ? path + "/" : path);
      }
      case "oci" ->
          throw new MachineException(
              ErrorCode.UNSUPPORTED, attempted, "smolvm does not read images in an OCI layout");
      default -> options.image(reference);
    }
  }

  @Override
  public Optional<Machine> find(String name) {
    MachineSpec.checkName(name);
    return smolvm.machineList().stream()
        .filter(listed -> listed.name().equals(name))
        .findFirst()
        .map(listed -> new SmolvmMachine(smolvm, spec(listed)));
  }

  @Override
  public List<Machine> list() {
    return smolvm.machineList().stream()
        .sorted(Comparator.comparing(SmolvmListing::name))
        .<Machine>map(listed -> new SmolvmMachine(smolvm, spec(listed)))
        .toList();
  }

  /** What a listing tells of a machine, brought into the limits that a spec has. */
  private static MachineSpec spec(SmolvmListing listed) {
    Map<String, String> labels = new LinkedHashMap<>(listed.labels());
    String user = labels.remove(USER_LABEL);
    return MachineSpec.builder(listed.name())
        .image(listed.image())
        .cpus(Math.clamp(listed.cpus(), 1, 16))
        .memoryMib(Math.clamp(listed.memoryMib(), 64, 1 << 20))
        .disks(
            Math.clamp(listed.storageGib(), 1, 4096),
            Math.clamp(listed.overlayGib(), 1, MachineSpec.MAX_OVERLAY_GIB))
        .user(Optional.ofNullable(user))
        .workload(listed.workload())
        .labels(labels)
        .network(listed.network() ? Network.open() : Network.NONE)
        .ephemeral(listed.ephemeral())
        .build();
  }

  @Override
  public void close() {}
}
