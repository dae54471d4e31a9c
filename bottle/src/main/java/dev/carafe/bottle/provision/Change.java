package dev.carafe.bottle.provision;

import java.nio.file.Path;

/**
 * One file of the guest's workspace that is no longer as it was copied in.
 *
 * @param path relative to the workspace
 * @param changedHere whether this host's file is not as it was copied, either: taking the guest's
 *     loses what somebody has done here
 */
public record Change(Kind kind, Path path, boolean changedHere) {
  /** What has become of it in the guest. */
  public enum Kind {
    ADDED,
    CHANGED,
    DELETED
  }

  /** The path, fit to be shown: a guest chooses names. */
  public String name() {
    return Shown.path(path);
  }
}
