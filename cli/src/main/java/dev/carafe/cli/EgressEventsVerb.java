package dev.carafe.cli;

import dev.carafe.machine.Denial;
import dev.carafe.machine.Machines;
import java.util.List;

/** {@code machine egress-events}: what a machine's network refused it. */
final class EgressEventsVerb extends Verb {
  private static final String LED =
      " (not a public address: --allow-cidr with it, or with its network, allows it)";

  private static final int DEFAULT_LIMIT = 200;

  @Override
  String summary() {
    return "Shows what a machine was refused by its network.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .value("N", "The last so many (default: 200).", "--limit")
        .flag("As JSON: an array of {timestamp, operation, dest}.", "--json")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine egress-events --name web --limit 20");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.machineName().orElse(ExecVerb.DEFAULT_NAME);
    int limit =
        arguments.has("--limit")
            ? Values.number("--limit", arguments.value("--limit").orElseThrow(), 1, 100_000)
            : DEFAULT_LIMIT;
    List<Denial> denials;
    try (Machines machines = context.machines()) {
      denials =
          context
              .find(machines, arguments.machineName(), List.of(), "machine egress-events")
              .denials(limit);
    }
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(json(denials));
    } else if (denials.isEmpty()) {
      console.line("No egress events");
    } else {
      StringBuilder text = new StringBuilder();
      for (Denial denial : denials) {
        text.append(Text.padded(denial.time().toString(), 26))
            .append(Text.padded(Text.shown(denial.operation()), 10))
            .append(Text.shown(denial.destination()))
            // What a name led to: allowed, but for where it is.
            .append(denial.destination().contains(" = ") ? LED : "")
            .append('\n');
      }
      console.print(text.toString());
    }
    return ExitCode.OK;
  }

  private static String json(List<Denial> denials) {
    return Json.of(
        json -> {
          json.writeStartArray();
          for (Denial denial : denials) {
            json.writeStartObject();
            json.writeStringProperty("timestamp", denial.time().toString());
            json.writeStringProperty("operation", denial.operation());
            json.writeStringProperty("dest", denial.destination());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }
}
