package dev.carafe.egress.audit;

import dev.carafe.egress.scan.Finding;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Makes lines. Every text in one is cut, so that no line is longer than {@value #MOST_BYTES}. */
final class AuditLine {
  static final int MOST_BYTES = 64 * 1024;
  private static final int MOST_PATH = 2048;
  private static final int MOST_TEXT = 512;
  private static final int MOST_DETAIL = 4096;
  private static final JsonFactory JSON = new JsonFactory();

  private AuditLine() {}

  /** The line that follows a link, with the line feed. */
  static byte[] of(Chain last, Instant time, String kind, Consumer<JsonGenerator> content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      json.writeStartObject();
      json.writeNumberProperty("seq", last.sequence() + 1);
      json.writeStringProperty("prev", last.hash());
      json.writeStringProperty("time", time.truncatedTo(ChronoUnit.MILLIS).toString());
      json.writeStringProperty("kind", kind);
      content.accept(json);
      json.writeEndObject();
    }
    bytes.write('\n');
    return bytes.toByteArray();
  }

  static void exchange(JsonGenerator json, Exchange exchange) {
    json.writeNumberProperty("id", exchange.id());
    text(json, "method", exchange.method(), MOST_TEXT);
    text(json, "scheme", exchange.scheme(), MOST_TEXT);
    text(json, "host", exchange.host(), MOST_TEXT);
    json.writeNumberProperty("port", exchange.port());
    text(json, "path", exchange.path(), MOST_PATH);
    json.writeNumberProperty("status", exchange.status());
    json.writeNumberProperty("bytesOut", exchange.bytesOut());
    json.writeNumberProperty("bytesIn", exchange.bytesIn());
    json.writeNumberProperty("millis", exchange.millis());
    text(json, "route", exchange.route(), MOST_TEXT);
  }

  static void reason(JsonGenerator json, String reason) {
    text(json, "reason", reason, MOST_TEXT);
  }

  static void detail(JsonGenerator json, String detail) {
    text(json, "detail", detail, MOST_DETAIL);
  }

  static void finding(JsonGenerator json, Optional<Finding> finding) {
    finding.ifPresent(
        found -> {
          text(json, "detector", found.detector(), MOST_TEXT);
          text(json, "rule", found.rule(), MOST_TEXT);
          text(json, "where", found.where(), MOST_TEXT);
        });
  }

  private static void text(JsonGenerator json, String name, String value, int most) {
    json.writeStringProperty(name, shown(value, most));
  }

  /** At most so many characters, and none that is half of one: those cannot be written as UTF-8. */
  static String shown(String value, int most) {
    StringBuilder shown = null;
    int length = Math.min(value.length(), most);
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < length
              && Character.isLowSurrogate(value.charAt(i + 1));
      if (pair) {
        i++;
      } else if (Character.isSurrogate(c)) {
        shown = shown == null ? new StringBuilder(value.substring(0, length)) : shown;
        shown.setCharAt(i, '\ufffd');
      }
    }
    String text = shown == null ? value.substring(0, length) : shown.toString();
    return length < value.length() ? text + "…" : text;
  }
}
