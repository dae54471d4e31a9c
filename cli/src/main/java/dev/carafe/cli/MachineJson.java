package dev.carafe.cli;

import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * A machine as one JSON object, with the fields of smolvm's {@code machine ls --json}: those of
 * 0.8.0, then what 1.9.3 added. What is not built here has the value that means "none".
 */
final class MachineJson {
  private MachineJson() {}

  /** Under the name {@code carafe} there is one field more: why the last start failed, or null. */
  static void write(JsonGenerator json, MachineSpec spec, MachineStatus status, Program program) {
    json.writeStartObject();
    json.writeStringProperty("name", spec.name());
    json.writeStringProperty("state", status.state().word());
    json.writeNumberProperty("cpus", spec.cpus());
    json.writeNumberProperty("memory_mib", spec.memoryMib());
    if (status.pid().isPresent()) {
      json.writeNumberProperty("pid", status.pid().getAsLong());
    } else {
      json.writeNullProperty("pid");
    }
    json.writeNumberProperty("mounts", 0);
    json.writeNumberProperty("ports", spec.network().ports().size());
    json.writeNumberProperty("created_at", status.created().getEpochSecond());
    json.writeNumberProperty("storage_gb", spec.storageGib());
    json.writeNumberProperty("overlay_gb", spec.overlayGib());
    Json.string(json, "image", spec.image());
    Json.strings(json, "entrypoint", List.of());
    Json.strings(json, "cmd", spec.workload());
    json.writeBooleanProperty("ephemeral", spec.ephemeral());
    json.writeBooleanProperty("gpu", false);
    json.writeNullProperty("gpu_vram_mib");
    json.writeStringProperty("restart_policy", "never");
    json.writeNumberProperty("restart_max_retries", 0);
    json.writeNumberProperty("restart_count", 0);
    json.writeNullProperty("health_cmd");
    json.writeNumberProperty("health_interval_secs", 0);
    json.writeNumberProperty("health_timeout_secs", 0);
    json.writeNumberProperty("health_retries", 0);
    json.writeNumberProperty("health_startup_grace_secs", 0);
    json.writeBooleanProperty("network", spec.network().outbound());
    json.writeBooleanProperty("cuda", false);
    json.writeBooleanProperty("forkable", false);
    json.writeNullProperty("cuda_fork_pool_size");
    json.writeNullProperty("cuda_vram_limit_mib");
    json.writeBooleanProperty("forkpoint_held", false);
    if (!program.smolvm()) {
      Json.string(json, "failure", status.failure());
    }
    Json.strings(json, "labels", spec.labels());
    json.writeEndObject();
  }
}
