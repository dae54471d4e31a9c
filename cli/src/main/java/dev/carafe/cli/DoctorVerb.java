package dev.carafe.cli;

import dev.carafe.machine.host.Finding;
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
    List<Finding> findings = context.rooms().host().doctor();
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(json(findings));
    } else {
      int width = findings.stream().mapToInt(finding -> finding.what().length()).max().orElse(0);
      for (Finding finding : findings) {
        console.line(
            Text.padded(word(finding), 9)
                + Text.padded(finding.what(), width)
                + "  "
                + finding.detail());
        if (!finding.fix().isEmpty()) {
          console.line("         " + finding.fix());
        }
      }
    }
    return findings.stream().anyMatch(finding -> finding.state() == Finding.State.MISSING)
        ? ExitCode.FAILED
        : ExitCode.OK;
  }

  private static String word(Finding finding) {
    return switch (finding.state()) {
      case FOUND -> "found";
      case NOTE -> "note";
      case MISSING -> "missing";
    };
  }

  private static String json(List<Finding> findings) {
    return Json.of(
        json -> {
          json.writeStartArray();
          for (Finding finding : findings) {
            json.writeStartObject();
            json.writeStringProperty("what", finding.what());
            json.writeStringProperty("state", word(finding));
            json.writeStringProperty("detail", finding.detail());
            json.writeStringProperty("fix", finding.fix());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }
}
