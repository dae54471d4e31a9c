package dev.carafe.machine.host;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts kernel modules in an order in which each can be loaded, after all that it depends on. Works
 * from what the modules say of themselves, because the list that {@code modprobe} uses is only made
 * when a kernel package is installed.
 */
final class ModuleOrder {
  private final Source source;
  private final Set<String> builtIn;
  private final Set<String> ordered = new LinkedHashSet<>();
  private final Set<String> underWay = new LinkedHashSet<>();

  /** Where modules are looked up by their normal names. */
  interface Source {
    /** Whether there is a module of that name. */
    boolean has(String name);

    /** What the module of that name says of itself. */
    Map<String, String> information(String name) throws IOException;
  }

  private ModuleOrder(Source source, Set<String> builtIn) {
    this.source = source;
    this.builtIn = builtIn;
  }

  /**
   * The order in which {@code wanted} and all they need are to be loaded; what the kernel has built
   * in is left out.
   *
   * @param builtIn normal names of the modules that are part of the kernel
   * @throws IOException if one is not there, or they depend on each other in a circle
   */
  static List<String> of(List<String> wanted, Source source, Set<String> builtIn)
      throws IOException {
    ModuleOrder order = new ModuleOrder(source, builtIn);
    for (String name : wanted) {
      order.add(normal(name), "a machine");
    }
    return List.copyOf(order.ordered);
  }

  private void add(String name, String neededBy) throws IOException {
    if (ordered.contains(name) || builtIn.contains(name)) {
      return;
    }
    if (!source.has(name)) {
      throw new IOException("the kernel has no module " + name + ", which " + neededBy + " needs");
    }
    if (!underWay.add(name)) {
      throw new IOException("the kernel's modules depend on each other in a circle: " + underWay);
    }
    Map<String, String> information = source.information(name);
    for (String soft : firstLoaded(information.getOrDefault("softdep", ""))) {
      // These may also name an algorithm rather than a module; they are wishes, not needs.
      if (source.has(soft)) {
        add(soft, name);
      }
    }
    for (String needed : information.getOrDefault("depends", "").split(",")) {
      if (!needed.isBlank()) {
        add(normal(needed), name);
      }
    }
    underWay.remove(name);
    ordered.add(name);
  }

  /** The modules after {@code pre:} in {@code "pre: a b post: c"}. */
  private static List<String> firstLoaded(String softDependencies) {
    List<String> names = new ArrayList<>();
    boolean before = false;
    for (String word : softDependencies.strip().split("\\s+")) {
      if (word.endsWith(":")) {
        before = word.equals("pre:");
      } else if (before && !word.isEmpty()) {
        names.add(normal(word));
      }
    }
    return names;
  }

  /** A module's normal name: file names have hyphens and underscores as it happened. */
  static String normal(String name) {
    return name.strip().replace('-', '_');
  }
}
