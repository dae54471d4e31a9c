package dev.carafe.machine.smolvm;

import dev.carafe.machine.MachineStatus;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * A machine as {@code smolvm machine ls --json} shows it; {@code status --json} prints one of the
 * same shape. Releases add fields, so what is not known is passed over.
 *
 * @param workload the entry point and command that run at each start
 * @param labels from 1.8.0 on
 */
public record SmolvmListing(
    String name,
    MachineStatus.State state,
    OptionalLong pid,
    Instant created,
    int cpus,
    int memoryMib,
    int storageGib,
    int overlayGib,
    Optional<String> image,
    List<String> workload,
    boolean network,
    boolean ephemeral,
    Map<String, String> labels) {

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(16).maxStringLength(1 << 20).build())
          .build();

  public SmolvmListing {
    workload = List.copyOf(workload);
    labels = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** One or many machines; empty if {@code json} is neither an array of objects nor an object. */
  static Optional<List<SmolvmListing>> parse(byte[] json) {
    List<SmolvmListing> found = new ArrayList<>();
    try (InputStream in = new ByteArrayInputStream(json);
        JsonParser parser = JSON.createParser(ObjectReadContext.empty(), in)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.START_OBJECT) {
        found.add(new Fields(parser).listing());
      } else if (first == JsonToken.START_ARRAY) {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
          found.add(new Fields(parser).listing());
        }
        if (parser.currentToken() != JsonToken.END_ARRAY) {
          return Optional.empty();
        }
      } else {
        return Optional.empty();
      }
      return parser.nextToken() == null ? Optional.of(List.copyOf(found)) : Optional.empty();
    } catch (JacksonException | java.io.IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The fields of one object, which it reads from just behind its brace. */
  private static final class Fields {
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, Long> numbers = new LinkedHashMap<>();
    private final Map<String, List<String>> lists = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();

    Fields(JsonParser parser) {
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        switch (parser.nextToken()) {
          case VALUE_STRING -> texts.put(field, parser.getString());
          case VALUE_NUMBER_INT -> numbers.put(field, parser.getLongValue());
          case VALUE_TRUE -> numbers.put(field, 1L);
          case START_ARRAY -> lists.put(field, list(parser));
          case START_OBJECT -> object(parser, field.equals("labels"));
          default -> {}
        }
      }
    }

    private static List<String> list(JsonParser parser) {
      List<String> values = new ArrayList<>();
      JsonToken token;
      while ((token = parser.nextToken()) != JsonToken.END_ARRAY) {
        if (token == JsonToken.VALUE_STRING) {
          values.add(parser.getString());
        } else {
          parser.skipChildren();
        }
      }
      return values;
    }

    private void object(JsonParser parser, boolean ofLabels) {
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        if (parser.nextToken() == JsonToken.VALUE_STRING && ofLabels) {
          labels.put(key, parser.getString());
        } else {
          parser.skipChildren();
        }
      }
    }

    SmolvmListing listing() {
      String name = texts.get("name");
      if (name == null) {
        throw new IllegalArgumentException("a machine without a name");
      }
      List<String> workload = new ArrayList<>(lists.getOrDefault("entrypoint", List.of()));
      workload.addAll(lists.getOrDefault("cmd", List.of()));
      Long pid = numbers.get("pid");
      return new SmolvmListing(
          name,
          state(texts.getOrDefault("state", "")),
          pid == null ? OptionalLong.empty() : OptionalLong.of(pid),
          Instant.ofEpochSecond(
              Math.clamp(numbers.getOrDefault("created_at", 0L), 0L, 253_402_300_799L)),
          number("cpus"),
          number("memory_mib"),
          number("storage_gb"),
          number("overlay_gb"),
          Optional.ofNullable(texts.get("image")),
          workload,
          numbers.containsKey("network"),
          numbers.containsKey("ephemeral"),
          labels);
    }

    private int number(String field) {
      return (int) Math.clamp(numbers.getOrDefault(field, 0L), 0L, (long) Integer.MAX_VALUE);
    }

    private static MachineStatus.State state(String word) {
      return switch (word.toLowerCase(Locale.ROOT)) {
        case "created" -> MachineStatus.State.CREATED;
        case "running" -> MachineStatus.State.RUNNING;
        case "failed" -> MachineStatus.State.FAILED;
        // A frozen machine is the base of forks: its process lives, and nothing can run in it.
        case "unreachable", "frozen" -> MachineStatus.State.UNREACHABLE;
        default -> MachineStatus.State.STOPPED;
      };
    }
  }
}
