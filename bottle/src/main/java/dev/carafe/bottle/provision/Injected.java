package dev.carafe.bottle.provision;

import java.util.ArrayList;
import java.util.List;

/**
 * The paths in a guest that were put there for one session and are made anew for the next: they are
 * left out when the bottle is frozen. One thread.
 */
public final class Injected {
  private final List<String> paths = new ArrayList<>();

  public Injected() {}

  /**
   * A file or a whole directory.
   *
   * @param path absolute
   */
  public void add(String path) {
    if (!paths.contains(path)) {
      paths.add(path);
    }
  }

  /** All of them, in the order in which they were added. */
  public List<String> paths() {
    return List.copyOf(paths);
  }
}
