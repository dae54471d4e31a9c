package dev.carafe.cli;

import java.util.List;

/** {@code doctor}: what is needed to run machines, and whether it is there. */
final class DoctorVerb extends Verb {
  @Override
  String summary() {
    return "Checks what is needed to run machines; exit code 1 if something is missing.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar.flag("As JSON: an array of objects.", "--json").example("doctor");
  }

  @Override
  int run(Arguments arguments, Context context) {
    List<HostCheck.Requirement> requirements = context.rooms().host().requirements();
    boolean met = requirements.stream().allMatch(HostCheck.Requirement::met);
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(json(requirements));
    } else {
      for (HostCheck.Requirement requirement : requirements) {
        console.line(
            (requirement.met() ? "ok       " : "missing  ")
                + Text.padded(requirement.name(), 20)
                + " "
                + requirement.found());
        if (!requirement.met() && !requirement.fix().isEmpty()) {
          console.line("         " + requirement.fix());
        }
      }
    }
    return met ? ExitCode.OK : ExitCode.FAILED;
  }

  private static String json(List<HostCheck.Requirement> requirements) {
    return Json.of(
        json -> {
          json.writeStartArray();
          for (HostCheck.Requirement requirement : requirements) {
            json.writeStartObject();
            json.writeStringProperty("name", requirement.name());
            json.writeBooleanProperty("met", requirement.met());
            json.writeStringProperty("found", requirement.found());
            json.writeStringProperty("fix", requirement.fix());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }
}
