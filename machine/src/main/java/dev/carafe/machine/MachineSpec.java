package dev.carafe.machine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a machine is made of. Immutable and checked when made: a spec that exists is one an engine
 * can take.
 *
 * @param name up to 128 of {@code [A-Za-z0-9_-]}, the first alphanumeric, no trailing {@code -}, no
 *     {@code --}
 * @param image a reference as {@code dev.carafe.image.ImageSource} reads it; empty for the default,
 *     {@code base}
 * @param cpus virtual processors, 1 to 16
 * @param memoryMib memory in MiB, 64 to 1,048,576
 * @param storageGib recorded for programs written for smolvm, whose machines have a second disk for
 *     images; 1 to 4,096
 * @param overlayGib the largest size of everything the guest writes, in GiB, 1 to 64
 * @param env environment of every command (image &lt; machine &lt; exec)
 * @param directory default working directory; empty for the image's
 * @param user default user; empty for the image's
 * @param init shell commands run once, at the first start
 * @param workload a command started detached at each start; empty for none
 * @param labels free-form marks
 * @param network what it may reach, and its published ports
 * @param ephemeral removed by the process that made it when its command ends
 */
public record MachineSpec(
    String name,
    Optional<String> image,
    int cpus,
    int memoryMib,
    int storageGib,
    int overlayGib,
    Map<String, String> env,
    Optional<String> directory,
    Optional<String> user,
    List<String> init,
    List<String> workload,
    Map<String, String> labels,
    Network network,
    boolean ephemeral) {

  public static final int MAX_CPUS = 16;
  public static final int MIN_MEMORY_MIB = 64;
  public static final int MAX_MEMORY_MIB = 1 << 20;
  public static final int DEFAULT_CPUS = 2;
  public static final int DEFAULT_MEMORY_MIB = 2048;
  public static final int DEFAULT_STORAGE_GIB = 20;
  public static final int DEFAULT_OVERLAY_GIB = 10;
  public static final int MAX_OVERLAY_GIB = 64;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,127}");

  public MachineSpec {
    checkName(name);
    env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    init = List.copyOf(init);
    workload = List.copyOf(workload);
    check(
        name,
        cpus >= 1 && cpus <= MAX_CPUS,
        "the number of CPUs is 1 to " + MAX_CPUS + ", not " + cpus);
    check(
        name,
        memoryMib >= MIN_MEMORY_MIB && memoryMib <= MAX_MEMORY_MIB,
        "memory is " + MIN_MEMORY_MIB + " to " + MAX_MEMORY_MIB + " MiB, not " + memoryMib);
    check(
        name, storageGib >= 1 && storageGib <= 4096, "storage is 1 to 4096 GiB, not " + storageGib);
    check(
        name,
        overlayGib >= 1 && overlayGib <= MAX_OVERLAY_GIB,
        "the overlay is 1 to " + MAX_OVERLAY_GIB + " GiB, not " + overlayGib);
    directory.ifPresent(
        path ->
            check(
                name,
                path.startsWith("/"),
                "the working directory must be absolute, not '" + path + "'"));
    env.forEach(
        (key, value) ->
            check(
                name,
                !key.isEmpty()
                    && key.indexOf('=') < 0
                    && key.indexOf('\0') < 0
                    && value.indexOf('\0') < 0,
                "an environment variable is malformed"));
  }

  /**
   * Throws {@link ErrorCode#INVALID} with the rule when {@code name} cannot be a machine's name.
   */
  public static void checkName(String name) {
    if (!NAME.matcher(name).matches() || name.endsWith("-") || name.contains("--")) {
      String shown = name.length() > 40 ? name.substring(0, 40) + "…" : name;
      throw new MachineException(
          ErrorCode.INVALID,
          "use the name '" + shown.replaceAll("\\p{Cntrl}", "?") + "'",
          "a name has 1 to 128 letters, digits, '-' and '_', starts with a letter or digit, does not end with '-'"
              + " and has no '--'");
    }
  }

  private static void check(String name, boolean holds, String otherwise) {
    if (!holds) {
      throw new MachineException(ErrorCode.INVALID, "describe machine '" + name + "'", otherwise);
    }
  }

  /** A name nobody has: {@code vm-} and 8 random hexadecimal digits. */
  public static String randomName() {
    return "vm-" + Entropy.hex(4);
  }

  /** A machine of that name with the default image and sizes. */
  public static MachineSpec named(String name) {
    return builder(name).build();
  }

  /** Describes a machine, beginning with the default image and sizes. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** Describes a machine that differs from this one. */
  public Builder toBuilder() {
    Builder builder = new Builder(name);
    builder.image = image;
    builder.cpus = cpus;
    builder.memoryMib = memoryMib;
    builder.storageGib = storageGib;
    builder.overlayGib = overlayGib;
    builder.env = env;
    builder.directory = directory;
    builder.user = user;
    builder.init = init;
    builder.workload = workload;
    builder.labels = labels;
    builder.network = network;
    builder.ephemeral = ephemeral;
    return builder;
  }

  /** A spec while it is put together; checked when it is built. Not for use by several threads. */
  public static final class Builder {
    private final String name;
    private Optional<String> image = Optional.empty();
    private int cpus = DEFAULT_CPUS;
    private int memoryMib = DEFAULT_MEMORY_MIB;
    private int storageGib = DEFAULT_STORAGE_GIB;
    private int overlayGib = DEFAULT_OVERLAY_GIB;
    private Map<String, String> env = Map.of();
    private Optional<String> directory = Optional.empty();
    private Optional<String> user = Optional.empty();
    private List<String> init = List.of();
    private List<String> workload = List.of();
    private Map<String, String> labels = Map.of();
    private Network network = Network.NONE;
    private boolean ephemeral;

    private Builder(String name) {
      this.name = name;
    }

    public Builder image(String reference) {
      return image(Optional.of(reference));
    }

    public Builder image(Optional<String> reference) {
      image = reference;
      return this;
    }

    public Builder cpus(int count) {
      cpus = count;
      return this;
    }

    public Builder memoryMib(int mib) {
      memoryMib = mib;
      return this;
    }

    /** Sizes in GiB. */
    public Builder disks(int storage, int overlay) {
      storageGib = storage;
      overlayGib = overlay;
      return this;
    }

    public Builder env(Map<String, String> variables) {
      env = variables;
      return this;
    }

    public Builder directory(String path) {
      return directory(Optional.of(path));
    }

    public Builder directory(Optional<String> path) {
      directory = path;
      return this;
    }

    public Builder user(String who) {
      return user(Optional.of(who));
    }

    public Builder user(Optional<String> who) {
      user = who;
      return this;
    }

    public Builder init(List<String> commands) {
      init = commands;
      return this;
    }

    public Builder workload(List<String> argv) {
      workload = argv;
      return this;
    }

    public Builder labels(Map<String, String> marks) {
      labels = marks;
      return this;
    }

    public Builder network(Network reachable) {
      network = reachable;
      return this;
    }

    public Builder ephemeral(boolean removedByItsMaker) {
      ephemeral = removedByItsMaker;
      return this;
    }

    /**
     * The spec.
     *
     * @throws MachineException INVALID when a value is out of its range
     */
    public MachineSpec build() {
      return new MachineSpec(
          name,
          image,
          cpus,
          memoryMib,
          storageGib,
          overlayGib,
          env,
          directory,
          user,
          init,
          workload,
          labels,
          network,
          ephemeral);
    }
  }
}
