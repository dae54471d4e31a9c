package dev.carafe.egress.yaml;

import java.io.StringWriter;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;

/** Writes a shape as JSON Schema (2020-12), which editors use to complete and to mark mistakes. */
public final class SchemaWriter {
  private final JsonGenerator json;

  private SchemaWriter(JsonGenerator json) {
    this.json = json;
  }

  /** The schema, indented, with a final line feed. */
  public static String schema(String title, Shape shape) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(new Indented(), text)) {
      json.writeStartObject();
      json.writeStringProperty("$schema", "https://json-schema.org/draft/2020-12/schema");
      json.writeStringProperty("title", title);
      new SchemaWriter(json).content(shape);
      json.writeEndObject();
    }
    return text + "\n";
  }

  private void object(String name, Shape shape) {
    json.writeName(name);
    json.writeStartObject();
    content(shape);
    json.writeEndObject();
  }

  private void content(Shape shape) {
    json.writeStringProperty("description", shape.about());
    switch (shape) {
      case Shape.Text text -> {
        json.writeStringProperty("type", "string");
        json.writeNumberProperty("minLength", text.least());
        json.writeNumberProperty("maxLength", text.most());
      }
      case Shape.Choice choice -> strings("enum", choice.words());
      case Shape.Whole whole -> {
        json.writeStringProperty("type", "integer");
        json.writeNumberProperty("minimum", whole.least());
        json.writeNumberProperty("maximum", whole.most());
      }
      case Shape.Truth truth -> json.writeStringProperty("type", "boolean");
      case Shape.ListOf list -> {
        json.writeStringProperty("type", "array");
        json.writeNumberProperty("minItems", list.least());
        json.writeNumberProperty("maxItems", list.most());
        object("items", list.item());
      }
      case Shape.Named named -> {
        json.writeStringProperty("type", "object");
        json.writeNumberProperty("minProperties", named.least());
        json.writeNumberProperty("maxProperties", named.most());
        object("additionalProperties", named.value());
      }
      case Shape.Keys keys -> keys(keys);
      case Shape.OneOf several -> {
        json.writeName("anyOf");
        json.writeStartArray();
        for (Shape form : several.forms()) {
          json.writeStartObject();
          content(form);
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      case Shape.Anything anything -> {}
    }
  }

  private void keys(Shape.Keys keys) {
    json.writeStringProperty("type", "object");
    json.writeBooleanProperty("additionalProperties", false);
    List<String> required =
        keys.keys().stream().filter(Shape.Key::required).map(Shape.Key::name).toList();
    if (!required.isEmpty()) {
      strings("required", required);
    }
    json.writeName("properties");
    json.writeStartObject();
    keys.keys().forEach(key -> object(key.name(), key.shape()));
    json.writeEndObject();
    if (!keys.oneOf().isEmpty()) {
      json.writeName("oneOf");
      json.writeStartArray();
      for (String name : keys.oneOf()) {
        json.writeStartObject();
        strings("required", List.of(name));
        json.writeEndObject();
      }
      json.writeEndArray();
    }
  }

  private void strings(String name, List<String> values) {
    json.writeName(name);
    json.writeStartArray();
    values.forEach(json::writeString);
    json.writeEndArray();
  }

  private static final class Indented extends ObjectWriteContext.Base {
    @Override
    public PrettyPrinter getPrettyPrinter() {
      return new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
    }

    @Override
    public boolean hasPrettyPrinter() {
      return true;
    }
  }
}
