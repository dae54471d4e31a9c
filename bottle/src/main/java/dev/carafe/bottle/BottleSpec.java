package dev.carafe.bottle;

import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.state.Plain;
import dev.carafe.machine.MachineSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

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

  private static final int MOST_LABEL = 60;

  /** What a label is. */
  public static final String LABEL_RULE =
      "a label has 1 to "
          + MOST_LABEL
          + " characters, without control characters and others that cannot be seen";

  /** Whether a bottle can be called so; space around it does not count. */
  public static boolean isLabel(String text) {
    String label = text.strip();
    return !label.isEmpty() && label.length() <= MOST_LABEL && Plain.is(label);
  }

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
    return with(draft -> draft.bottles = names);
  }

  public BottleSpec withDirectory(Path repository) {
    return with(draft -> draft.directory = repository);
  }

  /**
   * With a copy of a directory.
   *
   * @param alsoIgnored whether what git ignores is copied too
   */
  public BottleSpec withWorkspace(Path copied, boolean alsoIgnored) {
    return with(
        draft -> {
          draft.workspace = Optional.of(copied);
          draft.ignored = alsoIgnored;
        });
  }

  public BottleSpec withLabel(String name) {
    return with(draft -> draft.label = Optional.of(name));
  }

  public BottleSpec withColor(Color of) {
    return with(draft -> draft.color = Optional.of(of));
  }

  public BottleSpec withImage(String reference) {
    return with(draft -> draft.image = Optional.of(reference));
  }

  public BottleSpec withSize(int processors, int mib) {
    return with(
        draft -> {
          draft.cpus = processors;
          draft.memoryMib = mib;
        });
  }

  /** Nobody can be asked anything. */
  public BottleSpec withoutOperator() {
    return with(draft -> draft.headless = true);
  }

  /** The workspace may be the home directory, or hold it. */
  public BottleSpec withForce() {
    return with(draft -> draft.forced = true);
  }

  private BottleSpec with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.spec();
  }

  /** A spec that is being changed. */
  private static final class Draft {
    private final String agent;
    private List<String> bottles;
    private Path directory;
    private Optional<Path> workspace;
    private boolean ignored;
    private Optional<String> label;
    private Optional<Color> color;
    private Optional<String> image;
    private int cpus;
    private int memoryMib;
    private boolean headless;
    private boolean forced;

    Draft(BottleSpec of) {
      agent = of.agent;
      bottles = of.bottles;
      directory = of.directory;
      workspace = of.workspace;
      ignored = of.ignored;
      label = of.label;
      color = of.color;
      image = of.image;
      cpus = of.cpus;
      memoryMib = of.memoryMib;
      headless = of.headless;
      forced = of.forced;
    }

    BottleSpec spec() {
      return new BottleSpec(
          agent, bottles, directory, workspace, ignored, label, color, image, cpus, memoryMib,
          headless, forced);
    }
  }
}
