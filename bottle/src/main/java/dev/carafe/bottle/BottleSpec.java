package dev.carafe.bottle;

import dev.carafe.bottle.provider.Color;
import dev.carafe.machine.MachineSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What somebody wants to start: which agent, in which bottles, on which files. Immutable; the
 * {@code with} methods return changed copies.
 *
 * @param agent the agent's name
 * @param bottles those that it shall run in; empty: those that the agent names
 * @param directory where a repository's own agents are looked for
 * @param workspace a directory of this host that is copied in and worked in
 * @param ignored whether what git ignores is copied too
 * @param label what the session is called; empty: as the agent
 * @param color of the label
 * @param image an image in place of the provider's
 * @param cpus of its machine
 * @param memoryMib of its machine
 * @param headless there is nobody to ask
 * @param forced the workspace may be the home directory
 */
public record BottleSpec(
    String agent,
    List<String> bottles,
    Path directory,
    Optional<Path> workspace,
    boolean ignored,
    Optional<String> label,
    Optional<Color> color,
    Optional<String> image,
    int cpus,
    int memoryMib,
    boolean headless,
    boolean forced) {

  /** Processors of a bottle's machine. */
  public static final int CPUS = MachineSpec.DEFAULT_CPUS;

  /** Memory of a bottle's machine: what the larger agents need. */
  public static final int MEMORY_MIB = 4096;

  public BottleSpec {
    bottles = List.copyOf(bottles);
    directory = directory.toAbsolutePath().normalize();
    workspace = workspace.map(path -> path.toAbsolutePath().normalize());
  }

  /** The agent of that name, in the bottles that it names itself, without a workspace. */
  public static BottleSpec of(String agent) {
    return new BottleSpec(
        agent,
        List.of(),
        Path.of(""),
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        CPUS,
        MEMORY_MIB,
        false,
        false);
  }

  public BottleSpec withBottles(List<String> names) {
    return new BottleSpec(
        agent, names, directory, workspace, ignored, label, color, image, cpus, memoryMib, headless,
        forced);
  }

  public BottleSpec withDirectory(Path repository) {
    return new BottleSpec(
        agent,
        bottles,
        repository,
        workspace,
        ignored,
        label,
        color,
        image,
        cpus,
        memoryMib,
        headless,
        forced);
  }

  /**
   * With a copy of a directory.
   *
   * @param alsoIgnored whether what git ignores is copied too
   */
  public BottleSpec withWorkspace(Path copied, boolean alsoIgnored) {
    return new BottleSpec(
        agent,
        bottles,
        directory,
        Optional.of(copied),
        alsoIgnored,
        label,
        color,
        image,
        cpus,
        memoryMib,
        headless,
        forced);
  }

  public BottleSpec withLabel(String name) {
    return new BottleSpec(
        agent,
        bottles,
        directory,
        workspace,
        ignored,
        Optional.of(name),
        color,
        image,
        cpus,
        memoryMib,
        headless,
        forced);
  }

  public BottleSpec withColor(Color of) {
    return new BottleSpec(
        agent,
        bottles,
        directory,
        workspace,
        ignored,
        label,
        Optional.of(of),
        image,
        cpus,
        memoryMib,
        headless,
        forced);
  }

  public BottleSpec withImage(String reference) {
    return new BottleSpec(
        agent,
        bottles,
        directory,
        workspace,
        ignored,
        label,
        color,
        Optional.of(reference),
        cpus,
        memoryMib,
        headless,
        forced);
  }

  public BottleSpec withSize(int processors, int mib) {
    return new BottleSpec(
        agent,
        bottles,
        directory,
        workspace,
        ignored,
        label,
        color,
        image,
        processors,
        mib,
        headless,
        forced);
  }

  /** Nobody can be asked anything. */
  public BottleSpec withoutOperator() {
    return new BottleSpec(
        agent, bottles, directory, workspace, ignored, label, color, image, cpus, memoryMib, true,
        forced);
  }

  /** The workspace may be the home directory, or hold it. */
  public BottleSpec withForce() {
    return new BottleSpec(
        agent, bottles, directory, workspace, ignored, label, color, image, cpus, memoryMib,
        headless, true);
  }
}
