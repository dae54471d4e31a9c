package dev.carafe.bottle.provider;

import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes the configuration files of agent programs. */
final class ConfigJson {
  private static final JsonFactory JSON = new JsonFactory();

  private ConfigJson() {}

  /**
   * An object of JSON.
   *
   * @param fields text, whole numbers, truth, lists and maps of them
   */
  static String object(Map<String, ?> fields) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      write(json, fields);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach(
            (key, each) -> {
              json.writeName((String) key);
              write(json, each);
            });
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        list.forEach(each -> write(json, each));
        json.writeEndArray();
      }
      case Long number -> json.writeNumber(number);
      case Integer number -> json.writeNumber(number);
      case Boolean truth -> json.writeBoolean(truth);
      case String string -> json.writeString(string);
      default -> throw new IllegalArgumentException("no JSON: " + value.getClass());
    }
  }
}
