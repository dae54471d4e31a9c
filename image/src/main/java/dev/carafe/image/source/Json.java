package dev.carafe.image.source;

import dev.carafe.image.tar.BadArchiveException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads JSON that somebody else wrote. */
final class Json {
  static final JsonMapper MAPPER = new JsonMapper();

  private Json() {}

  static JsonNode object(byte[] bytes, String what) throws BadArchiveException {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (JacksonException e) {
      throw new BadArchiveException("its " + what + " is not valid JSON", e);
    }
    throw new BadArchiveException("its " + what + " is not a JSON object");
  }

  static String text(JsonNode object, String field) {
    return object.path(field).asString("");
  }
}
