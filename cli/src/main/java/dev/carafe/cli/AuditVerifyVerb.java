package dev.carafe.cli;

import dev.carafe.egress.audit.AuditVerifier;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** {@code audit verify}: whether an audit is as it was written. */
final class AuditVerifyVerb extends Verb {
  @Override
  String summary() {
    return "Checks that no line of an audit was changed, removed, moved or cut off.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .values(
            "LINE",
            "A line that must be there, as this command printed it: NUMBER:SHA256.",
            "--expect")
        .flag("As JSON.", "--json")
        .arguments(100, "FILE...")
        .example("audit verify audit.jsonl")
        .example("audit verify --json audit.jsonl");
  }

  @Override
  int run(Arguments arguments, Context context) {
    List<String> names = arguments.positionals();
    if (names.isEmpty()) {
      throw new UsageException("no audit was named");
    }
    List<String> expected = arguments.values("--expect");
    for (String line : expected) {
      if (!line.matches("[0-9]{1,18}:[0-9a-f]{64}")) {
        throw new UsageException(
            "invalid value '" + Text.shown(line) + "' for --expect: it is NUMBER:SHA256");
      }
    }
    AuditVerifier.Report report;
    try {
      report = AuditVerifier.verify(names.stream().map(Path::of).toList(), expected);
    } catch (NoSuchFileException e) {
      throw new FailureException("there is no file " + Text.shown(e.getFile()));
    } catch (IOException e) {
      throw new FailureException("the audit cannot be read: " + e.getMessage());
    }
    if (report.isNoAudit() && !arguments.has("--json")) {
      throw new FailureException(
          Text.shown(String.join(", ", names)) + ": this is no audit; not one line is one's");
    }
    Console console = context.console();
    if (arguments.has("--json")) {
      console.line(Json.of(json -> write(json, report)));
    } else {
      report.troubles().forEach(trouble -> console.line(trouble.toString()));
      report.notes().forEach(note -> console.line("note: " + note));
      console.line(report.lines() + " lines" + (report.whole() ? ", and the chain is whole" : ""));
      if (report.lines() > 0) {
        console.line("last: " + report.last());
      }
    }
    if (!report.whole()) {
      int count = report.troubles().size();
      throw new FailureException(
          "the audit is not as it was written: " + count + (count == 1 ? " place" : " places"));
    }
    return ExitCode.OK;
  }

  private static void write(JsonGenerator json, AuditVerifier.Report report) {
    json.writeStartObject();
    json.writeBooleanProperty("whole", report.whole());
    json.writeNumberProperty("lines", report.lines());
    json.writeStringProperty("last", report.last());
    json.writeName("troubles");
    json.writeStartArray();
    for (AuditVerifier.Trouble trouble : report.troubles()) {
      json.writeStartObject();
      json.writeStringProperty("file", trouble.file().toString());
      json.writeNumberProperty("line", trouble.line());
      json.writeStringProperty("sentence", trouble.sentence());
      json.writeEndObject();
    }
    json.writeEndArray();
    Json.strings(json, "notes", report.notes());
    json.writeEndObject();
  }
}
