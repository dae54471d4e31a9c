package dev.carafe.machine.smolvm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What {@code smolvm machine create} is asked for. What is empty is left to smolvm, whose defaults
 * are 4 processors and 8192 MiB. With {@link #from}, smolvm takes a number of processors or a
 * memory size that equals its default to mean the pack's own.
 *
 * @param image a reference; at most one of this and {@code from}
 * @param from a pack, {@code .smolmachine}
 * @param net whether the machine reaches the network; implied by every allow-list
 * @param volumes {@code HOST:GUEST[:ro]}
 * @param ports {@code HOST:GUEST}
 * @param init shell commands of the first start
 * @param command run at each start
 */
public record SmolvmCreate(
    Optional<String> image,
    Optional<Path> from,
    OptionalInt cpus,
    OptionalInt memoryMib,
    OptionalInt storageGib,
    OptionalInt overlayGib,
    boolean net,
    List<String> allowCidrs,
    List<String> allowHosts,
    boolean outboundLocalhostOnly,
    List<String> volumes,
    List<String> ports,
    List<String> init,
    Map<String, String> env,
    Optional<String> directory,
    Map<String, String> labels,
    List<String> command) {

  public SmolvmCreate {
    allowCidrs = List.copyOf(allowCidrs);
    allowHosts = List.copyOf(allowHosts);
    volumes = List.copyOf(volumes);
    ports = List.copyOf(ports);
    init = List.copyOf(init);
    env = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(env));
    labels = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    command = List.copyOf(command);
  }

  /** Whether the machine's network is to be limited. */
  boolean limitsNetwork() {
    return !allowCidrs.isEmpty() || !allowHosts.isEmpty() || outboundLocalhostOnly;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects what is asked for. Not safe for use by many threads. */
  public static final class Builder {
    private Optional<String> image = Optional.empty();
    private Optional<Path> from = Optional.empty();
    private OptionalInt cpus = OptionalInt.empty();
    private OptionalInt memoryMib = OptionalInt.empty();
    private OptionalInt storageGib = OptionalInt.empty();
    private OptionalInt overlayGib = OptionalInt.empty();
    private boolean net;
    private final List<String> allowCidrs = new ArrayList<>();
    private final List<String> allowHosts = new ArrayList<>();
    private boolean outboundLocalhostOnly;
    private final List<String> volumes = new ArrayList<>();
    private final List<String> ports = new ArrayList<>();
    private final List<String> init = new ArrayList<>();
    private final Map<String, String> env = new LinkedHashMap<>();
    private Optional<String> directory = Optional.empty();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final List<String> command = new ArrayList<>();

    private Builder() {}

    public Builder image(String reference) {
      image = Optional.of(reference);
      return this;
    }

    public Builder from(Path pack) {
      from = Optional.of(pack);
      return this;
    }

    public Builder cpus(int count) {
      cpus = OptionalInt.of(count);
      return this;
    }

    public Builder memoryMib(int mib) {
      memoryMib = OptionalInt.of(mib);
      return this;
    }

    public Builder storageGib(int gib) {
      storageGib = OptionalInt.of(gib);
      return this;
    }

    public Builder overlayGib(int gib) {
      overlayGib = OptionalInt.of(gib);
      return this;
    }

    public Builder net() {
      net = true;
      return this;
    }

    public Builder allowCidr(String cidr) {
      allowCidrs.add(cidr);
      return this;
    }

    public Builder allowHost(String host) {
      allowHosts.add(host);
      return this;
    }

    public Builder outboundLocalhostOnly() {
      outboundLocalhostOnly = true;
      return this;
    }

    public Builder volume(String volume) {
      volumes.add(volume);
      return this;
    }

    public Builder port(String port) {
      ports.add(port);
      return this;
    }

    public Builder init(List<String> commands) {
      init.addAll(commands);
      return this;
    }

    public Builder env(Map<String, String> variables) {
      env.putAll(variables);
      return this;
    }

    public Builder directory(String path) {
      directory = Optional.of(path);
      return this;
    }

    public Builder labels(Map<String, String> marks) {
      labels.putAll(marks);
      return this;
    }

    public Builder command(List<String> argv) {
      command.addAll(argv);
      return this;
    }

    public SmolvmCreate build() {
      return new SmolvmCreate(
          image,
          from,
          cpus,
          memoryMib,
          storageGib,
          overlayGib,
          net,
          allowCidrs,
          allowHosts,
          outboundLocalhostOnly,
          volumes,
          ports,
          init,
          env,
          directory,
          labels,
          command);
    }
  }
}
