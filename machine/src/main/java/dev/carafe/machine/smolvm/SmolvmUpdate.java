package dev.carafe.machine.smolvm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What {@code smolvm machine update} is to change; what is empty stays as it is. */
record SmolvmUpdate(
    OptionalInt cpus,
    OptionalInt memoryMib,
    OptionalInt storageGib,
    OptionalInt overlayGib,
    Map<String, String> env,
    List<String> removedEnv,
    Optional<String> directory) {
  SmolvmUpdate {
    env = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(env));
    removedEnv = List.copyOf(removedEnv);
  }

  boolean isEmpty() {
    return cpus.isEmpty()
        && memoryMib.isEmpty()
        && storageGib.isEmpty()
        && overlayGib.isEmpty()
        && env.isEmpty()
        && removedEnv.isEmpty()
        && directory.isEmpty();
  }
}
