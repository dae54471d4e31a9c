package dev.carafe.bottle.state;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.machine.MachineSpec;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A record as JSON. */
public final class RecordJson {
  private static final int VERSION = 1;

  /** What a bottle may be called, with a number behind it. */
  private static final int MOST_LABEL = 80;

  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");
  private static final JsonMapper MAPPER = new JsonMapper();

  private RecordJson() {}

  /** The record, UTF-8. */
  public static byte[] write(BottleRecord record) {
    ObjectNode json = MAPPER.createObjectNode();
    json.put("version", VERSION);
    json.put("slug", record.slug());
    json.put("agent", record.agent());
    ArrayNode bottles = json.putArray("bottles");
    record.bottles().forEach(bottles::add);
    json.put("directory", record.directory().toString());
    record.workspace().ifPresent(path -> json.put("workspace", path.toString()));
    json.put("ignored", record.ignored());
    json.put("label", record.label());
    json.put("color", record.color());
    json.put("engine", record.engine());
    json.put("provider", record.provider());
    json.put("image", record.image());
    record.imageOverride().ifPresent(reference -> json.put("image_override", reference));
    json.put("cpus", record.cpus());
    json.put("memory_mib", record.memoryMib());
    json.put("started", record.started().toString());
    json.put("phase", record.phase().name());
    ArrayNode injected = json.putArray("injected");
    record.injected().forEach(injected::add);
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
  }

  /**
   * Reads what {@link #write} has written.
   *
   * @throws IOException says what is wrong with it
   */
  public static BottleRecord read(byte[] bytes, String slug) throws IOException {
    try {
      JsonNode json = MAPPER.readTree(bytes);
      JsonNode version = json.path("version");
      if (version.isNumber() && version.asDouble() > VERSION) {
        throw new WithheldException(
            "a later version of Carafe has written it, which alone can use or remove it");
      }
      if (!version.isInt() || version.asInt() != VERSION) {
        throw new IOException("it is not of a version of Carafe that is known");
      }
      if (!slug.equals(text(json, "slug"))) {
        throw new IOException("it is another bottle's");
      }
      return new BottleRecord(
          slug,
          text(json, "agent"),
          list(json, "bottles"),
          Path.of(text(json, "directory")),
          optional(json, "workspace").map(Path::of),
          json.path("ignored").asBoolean(false),
          label(json),
          text(json, "color"),
          text(json, "engine"),
          text(json, "provider"),
          text(json, "image"),
          optional(json, "image_override"),
          within(json, "cpus", 1, MachineSpec.MAX_CPUS),
          within(json, "memory_mib", MachineSpec.MIN_MEMORY_MIB, MachineSpec.MAX_MEMORY_MIB),
          started(json),
          Phase.valueOf(text(json, "phase")),
          list(json, "injected"));
    } catch (JacksonException | InvalidPathException | DateTimeException e) {
      throw new IOException("it is damaged", e);
    } catch (IllegalArgumentException e) {
      throw new IOException("it names a phase that is not known", e);
    }
  }

  private static String text(JsonNode json, String field) throws IOException {
    JsonNode value = json.path(field);
    if (!value.isString()) {
      throw new IOException("it lacks '" + field + "'");
    }
    return plain(value.asString(), field);
  }

  private static String shown(JsonNode json, String field) throws IOException {
    String text = text(json, field);
    if (!Plain.is(text)) {
      throw new IOException("its '" + field + "' has a character that cannot be seen");
    }
    return text;
  }

  private static String label(JsonNode json) throws IOException {
    String label = shown(json, "label");
    if (label.length() > MOST_LABEL) {
      throw new IOException("its 'label' has more than " + MOST_LABEL + " characters");
    }
    return label;
  }

  private static Instant started(JsonNode json) throws IOException {
    Instant started = Instant.parse(text(json, "started"));
    if (started.isBefore(Instant.EPOCH) || started.isAfter(LAST)) {
      throw new IOException("its 'started' is no time of this world");
    }
    return started;
  }

  /** As a machine has it. */
  private static int within(JsonNode json, String field, int least, int most) throws IOException {
    JsonNode value = json.path(field);
    if (!value.isInt() || value.asInt() < least || value.asInt() > most) {
      throw new IOException("its '" + field + "' is not a number from " + least + " to " + most);
    }
    return value.asInt();
  }

  /** It may come from a file that somebody else has written, and is shown. */
  private static String plain(String text, String field) throws IOException {
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IOException("its '" + field + "' has a control character");
    }
    return text;
  }

  private static List<String> list(JsonNode json, String field) throws IOException {
    List<String> words = new ArrayList<>();
    for (JsonNode each : json.path(field)) {
      words.add(plain(each.asString(), field));
    }
    return words;
  }

  private static Optional<String> optional(JsonNode json, String field) throws IOException {
    return json.has(field) ? Optional.of(text(json, field)) : Optional.empty();
  }
}
