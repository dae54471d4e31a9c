package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Machines;
import java.util.ArrayList;
import java.util.List;

/** {@code machine ls}: all machines. Changes nothing. */
final class ListVerb extends Verb {
  private static final int[] WIDTHS = {20, 13, 6, 11, 8, 7, 11, 12};

  @Override
  String summary() {
    return "Lists the machines (alias: list).";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .flag("More about each machine.", "-v", "--verbose")
        .flag("As JSON: an array of objects.", "--json")
        .example("machine ls")
        .example("machine ls --json");
  }

  /** A machine and how it was when it was asked. */
  private record Row(MachineSpec spec, MachineStatus status) {}

  @Override
  int run(Arguments arguments, Context context) {
    Console console = context.console();
    List<Row> rows = rows(context);
    if (arguments.has("--json")) {
      console.line(
          Json.of(
              json -> {
                json.writeStartArray();
                rows.forEach(
                    row -> MachineJson.write(json, row.spec(), row.status(), context.program()));
                json.writeEndArray();
              }));
      return ExitCode.OK;
    }
    if (rows.isEmpty()) {
      console.line("No machines found");
      return ExitCode.OK;
    }
    StringBuilder text = new StringBuilder();
    line(text, "NAME", "STATE", "CPUS", "MEMORY", "MOUNTS", "PORTS", "STORAGE", "OVERLAY");
    text.append("-".repeat(88)).append('\n');
    for (Row row : rows) {
      MachineSpec spec = row.spec();
      line(
          text,
          Text.cut(spec.name() + (spec.ephemeral() ? " (eph)" : ""), 18),
          row.status().state().word(),
          Integer.toString(spec.cpus()),
          spec.memoryMib() + " MiB",
          "0",
          Integer.toString(spec.network().ports().size()),
          spec.storageGib() + " GiB",
          spec.overlayGib() + " GiB");
      if (arguments.has("--verbose")) {
        details(text, row);
      }
    }
    console.print(text.toString());
    return ExitCode.OK;
  }

  private static List<Row> rows(Context context) {
    List<Row> rows = new ArrayList<>();
    try (Machines machines = context.machines()) {
      for (Machine machine : machines.list()) {
        try {
          rows.add(new Row(machine.spec(), machine.status()));
        } catch (MachineException e) {
          // Not found: removed by somebody else since it was listed. One broken machine hides none.
          if (e.code() != ErrorCode.NOT_FOUND) {
            context.console().note("Warning: " + Failures.sentence(e));
          }
        }
      }
    }
    return rows;
  }

  private static void line(StringBuilder text, String... cells) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      line.append(Text.padded(cells[i], WIDTHS[i]));
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }

  /** Names of environment variables, never values, which may be secrets. */
  private static void details(StringBuilder text, Row row) {
    MachineSpec spec = row.spec();
    detail(text, "Image", spec.image().orElse("base"));
    row.status().pid().ifPresent(pid -> detail(text, "PID", Long.toString(pid)));
    detail(text, "Created", row.status().created().toString());
    spec.directory().ifPresent(directory -> detail(text, "Workdir", directory));
    spec.user().ifPresent(user -> detail(text, "User", user));
    if (spec.network().outbound()) {
      detail(text, "Network", NetworkFlags.words(spec.network()));
    }
    spec.network().ports().forEach(port -> detail(text, "Port", port.toString()));
    if (!spec.env().isEmpty()) {
      detail(text, "Env", String.join(", ", spec.env().keySet()));
    }
    spec.init().forEach(command -> detail(text, "Init", command));
    if (!spec.workload().isEmpty()) {
      detail(text, "Command", String.join(" ", spec.workload()));
    }
    spec.labels().forEach((key, value) -> detail(text, "Label", key + "=" + value));
  }

  private static void detail(StringBuilder text, String name, String value) {
    text.append("  ").append(Text.padded(name + ":", 9)).append(Text.shown(value)).append('\n');
  }
}
