package dev.carafe.cli;

import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Proof;
import java.util.List;

/** {@code machine prove}: tries from inside what a machine must not reach, and what it may. */
final class ProveVerb extends Verb {
  private static final int WIDTH = 62;

  @Override
  String summary() {
    return "Tries from inside what a machine's network must not let through, and what it must.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value("NAME", "The machine (default: default).", "-n", "--name")
        .flag("As JSON: an array of {attempt, must_fail, outcome, holds}.", "--json")
        .arguments(1, "[NAME]")
        .naming(Named.MACHINES)
        .example("machine prove --name web");
  }

  @Override
  int run(Arguments arguments, Context context) {
    String name = arguments.machineName().orElse(ExecVerb.DEFAULT_NAME);
    List<Proof> proofs;
    try (Machines machines = context.machines()) {
      Machine machine = context.find(machines, arguments.machineName(), List.of(), "machine prove");
      try {
        proofs = machine.prove();
      } catch (MachineException e) {
        throw context.explained(machine, e);
      }
    }
    if (arguments.has("--json")) {
      context.console().line(json(proofs));
    } else {
      context.console().print(table(proofs));
    }
    return proofs.stream().allMatch(Proof::holds) ? ExitCode.OK : ExitCode.FAILED;
  }

  private static String json(List<Proof> proofs) {
    return Json.of(
        json -> {
          json.writeStartArray();
          for (Proof proof : proofs) {
            json.writeStartObject();
            json.writeStringProperty("attempt", proof.attempt());
            json.writeBooleanProperty("must_fail", proof.mustFail());
            json.writeStringProperty("outcome", proof.outcome());
            json.writeBooleanProperty("holds", proof.holds());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static String table(List<Proof> proofs) {
    StringBuilder text = new StringBuilder();
    line(text, "ATTEMPT", "HOLDS", "OUTCOME");
    for (Proof proof : proofs) {
      line(text, proof.attempt(), proof.holds() ? "yes" : "NO", Text.shown(proof.outcome()));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String attempt, String holds, String outcome) {
    text.append(Text.padded(attempt, WIDTH))
        .append(Text.padded(holds, 7))
        .append(outcome)
        .append('\n');
  }
}
