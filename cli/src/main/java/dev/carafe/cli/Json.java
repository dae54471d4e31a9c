package dev.carafe.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;

/** Writes JSON as a person likes to read it: indented, one array element per line. */
final class Json {
  private Json() {}

  /** The JSON that {@code content} writes, without a final line feed. */
  static String of(Consumer<JsonGenerator> content) {
    var bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(new Indented(), bytes)) {
      content.accept(json);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** The same for one object, whose properties {@code content} writes. */
  static String object(Consumer<JsonGenerator> content) {
    return of(
        json -> {
          json.writeStartObject();
          content.accept(json);
          json.writeEndObject();
        });
  }

  static void strings(JsonGenerator json, String name, Collection<String> values) {
    json.writeName(name);
    json.writeStartArray();
    values.forEach(json::writeString);
    json.writeEndArray();
  }

  /** A string, or null when there is none. */
  static void string(JsonGenerator json, String name, Optional<String> value) {
    if (value.isPresent()) {
      json.writeStringProperty(name, value.get());
    } else {
      json.writeNullProperty(name);
    }
  }

  static void strings(JsonGenerator json, String name, Map<String, String> values) {
    json.writeName(name);
    json.writeStartObject();
    values.forEach(json::writeStringProperty);
    json.writeEndObject();
  }

  private static final class Indented extends ObjectWriteContext.Base {
    @Override
    public PrettyPrinter getPrettyPrinter() {
      return new DefaultPrettyPrinter()
          .withArrayIndenter(new DefaultIndenter("  ", "\n"))
          .withObjectIndenter(new DefaultIndenter("  ", "\n"));
    }

    @Override
    public boolean hasPrettyPrinter() {
      return true;
    }
  }
}
