package dev.carafe.machine.qemu;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads and writes {@code machine.json} and {@code run.json}. Streaming rather than databind,
 * because both are read and written on every start. A file appears whole or not at all: written
 * beside its place, renamed.
 */
final class RecordFile {
  private static final JsonFactory JSON = new JsonFactory();

  /** Version 1 knew no networks: what it describes has none. */
  private static final int OLDEST_VERSION = 1;

  private static final int VERSION = 2;
  private static final int MAX_BYTES = 4 << 20;

  /** The end of the year 9999. */
  private static final long LAST_SECOND = 253_402_300_799L;

  private static final String ID = "[0-9a-f]{16}";
  private static final Pattern SOCKETS = Pattern.compile("/[^\\x00]*/" + ID);

  private RecordFile() {}

  /**
   * Writes the record; with {@code durable}, it survives the host losing power right after. {@link
   * ErrorCode#INVALID} when it would be too large to be read.
   */
  static void write(MachineRecord record, Path file, boolean durable) throws IOException {
    var bytes = new ByteArrayOutputStream(1024);
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      MachineSpec spec = record.spec();
      json.writeStartObject();
      json.writeNumberProperty("version", VERSION);
      json.writeStringProperty("name", spec.name());
      json.writeStringProperty("id", record.id());
      json.writeNumberProperty("created", record.created().getEpochSecond());
      optional(json, "image", spec.image());
      optional(json, "imageDigest", record.imageDigest());
      json.writeNumberProperty("cpus", spec.cpus());
      json.writeNumberProperty("memoryMib", spec.memoryMib());
      json.writeNumberProperty("storageGib", spec.storageGib());
      json.writeNumberProperty("overlayGib", spec.overlayGib());
      map(json, "env", spec.env());
      optional(json, "directory", spec.directory());
      optional(json, "user", spec.user());
      list(json, "init", spec.init());
      list(json, "workload", spec.workload());
      map(json, "labels", spec.labels());
      network(json, spec.network());
      json.writeBooleanProperty("ephemeral", spec.ephemeral());
      json.writeBooleanProperty("initDone", record.initDone());
      optional(json, "failure", record.failure());
      if (record.owner().isPresent()) {
        json.writeNumberProperty("ownerPid", record.owner().get().pid());
        json.writeNumberProperty("ownerStart", record.owner().get().startTicks());
      }
      json.writeEndObject();
    }
    if (bytes.size() > MAX_BYTES) {
      throw new MachineException(
          ErrorCode.INVALID,
          "describe machine '" + record.spec().name() + "'",
          "its variables, commands and labels take more than "
              + MAX_BYTES
              + " bytes; put large values into files and copy them in");
    }
    replace(file, bytes.toByteArray(), durable);
  }

  /**
   * The record; empty when there is none. {@link ErrorCode#STORAGE} when it cannot be made sense
   * of.
   */
  static Optional<MachineRecord> read(Path file) {
    try {
      var values = new Values(file);
      long version = values.number("version");
      if (version < OLDEST_VERSION || version > VERSION) {
        throw new IOException("it has version " + version + ", and this Carafe knows " + VERSION);
      }
      MachineSpec spec =
          MachineSpec.builder(values.text("name"))
              .image(values.optional("image"))
              .cpus(values.integer("cpus"))
              .memoryMib(values.integer("memoryMib"))
              .disks(values.integer("storageGib"), values.integer("overlayGib"))
              .env(values.map("env"))
              .directory(values.optional("directory"))
              .user(values.optional("user"))
              .init(values.list("init"))
              .workload(values.list("workload"))
              .labels(values.map("labels"))
              .network(version == 1 ? Network.NONE : network(values))
              .ephemeral(values.flag("ephemeral"))
              .build();
      String id = values.text("id");
      if (!id.matches(ID)) {
        throw new IOException("its id is malformed");
      }
      String place = file.toAbsolutePath().getParent().getFileName().toString();
      if (!place.startsWith(".") && !place.equals(spec.name())) {
        throw new IOException("it is of another machine, '" + spec.name() + "'");
      }
      Optional<String> digest = values.optional("imageDigest");
      if (digest.isPresent() && !digest.get().matches("sha256:[0-9a-f]{64}")) {
        throw new IOException("its image's digest is malformed");
      }
      return Optional.of(
          new MachineRecord(
              spec,
              id,
              values.instant("created"),
              digest,
              values.flag("initDone"),
              values.optional("failure"),
              values.has("ownerPid")
                  ? Optional.of(
                      new MachineRecord.Owner(
                          values.number("ownerPid"), values.number("ownerStart")))
                  : Optional.empty()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JacksonException | MachineException e) {
      throw damaged(file, e);
    }
  }

  static void write(Run run, Path file) throws IOException {
    var bytes = new ByteArrayOutputStream(128);
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      json.writeStartObject();
      json.writeNumberProperty("pid", run.pid());
      json.writeNumberProperty("start", run.startTicks());
      json.writeStringProperty("sockets", run.sockets().toString());
      json.writeEndObject();
    }
    replace(file, bytes.toByteArray(), false);
  }

  static Optional<Run> readRun(Path file) {
    try {
      var values = new Values(file);
      // The directory will be removed: it is not any that a damaged file names.
      Matcher sockets = SOCKETS.matcher(values.text("sockets"));
      if (!sockets.matches()) {
        throw new IOException("its sockets' directory is malformed");
      }
      return Optional.of(
          new Run(values.number("pid"), values.number("start"), Path.of(sockets.group())));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JacksonException e) {
      throw damaged(file, e);
    }
  }

  private static MachineException damaged(Path file, Exception e) {
    String why = e instanceof JacksonException ? "it is not valid JSON" : e.getMessage();
    return new MachineException(
        ErrorCode.STORAGE,
        "read " + file,
        why + "; if nothing else helps, delete the machine by its name",
        e);
  }

  private static void replace(Path file, byte[] bytes, boolean durable) throws IOException {
    Path written = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            written,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      if (durable) {
        channel.force(true);
      }
    }
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    if (durable) {
      try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
    }
  }

  private static void network(JsonGenerator json, Network network) {
    json.writeStringProperty("network", network.reach().name().toLowerCase(Locale.ROOT));
    list(json, "allowCidrs", network.cidrs().stream().map(Cidr::toString).toList());
    list(json, "allowHosts", network.hosts());
    list(json, "ports", network.ports().stream().map(PublishedPort::toString).toList());
  }

  private static Network network(Values values) throws IOException {
    Network.Reach reach = null;
    for (Network.Reach each : Network.Reach.values()) {
      if (each.name().toLowerCase(Locale.ROOT).equals(values.text("network"))) {
        reach = each;
      }
    }
    if (reach == null) {
      throw new IOException("'network' is malformed");
    }
    List<PublishedPort> ports = new ArrayList<>();
    for (String port : values.list("ports")) {
      if (!port.matches("[0-9]{1,5}:[0-9]{1,5}")) {
        throw new IOException("'ports' is malformed");
      }
      int colon = port.indexOf(':');
      ports.add(
          new PublishedPort(
              Integer.parseInt(port.substring(0, colon)),
              Integer.parseInt(port.substring(colon + 1))));
    }
    return new Network(
        reach,
        values.list("allowCidrs").stream().map(Cidr::parse).toList(),
        values.list("allowHosts"),
        ports);
  }

  private static void optional(JsonGenerator json, String name, Optional<String> value) {
    if (value.isPresent()) {
      json.writeStringProperty(name, value.get());
    }
  }

  private static void list(JsonGenerator json, String name, List<String> values) {
    json.writeArrayPropertyStart(name);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  private static void map(JsonGenerator json, String name, Map<String, String> values) {
    json.writeObjectPropertyStart(name);
    for (var entry : values.entrySet()) {
      json.writeStringProperty(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  /** The properties of one flat object: texts, numbers, booleans, lists of texts, maps of texts. */
  private static final class Values {
    private final Map<String, Object> values = new LinkedHashMap<>();

    Values(Path file) throws IOException {
      // A FIFO would never end.
      if (!Files.readAttributes(file, BasicFileAttributes.class).isRegularFile()) {
        throw new IOException("it is not a file");
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException("it is larger than " + MAX_BYTES + " bytes");
      }
      try (JsonParser json =
          JSON.createParser(ObjectReadContext.empty(), Files.readAllBytes(file))) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          throw new IOException("it is not a JSON object");
        }
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = json.currentName();
          values.put(name, value(json, json.nextToken()));
        }
        if (json.currentToken() != JsonToken.END_OBJECT || json.nextToken() != null) {
          throw new IOException("it is not one whole JSON object");
        }
      }
    }

    private static Object value(JsonParser json, JsonToken token) throws IOException {
      if (token == JsonToken.VALUE_STRING) {
        return json.getString();
      } else if (token == JsonToken.VALUE_NUMBER_INT) {
        return json.getLongValue();
      } else if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
        return json.getBooleanValue();
      } else if (token == JsonToken.START_ARRAY) {
        List<String> list = new ArrayList<>();
        while (json.nextToken() == JsonToken.VALUE_STRING) {
          list.add(json.getString());
        }
        if (json.currentToken() == JsonToken.END_ARRAY) {
          return list;
        }
      } else if (token == JsonToken.START_OBJECT) {
        Map<String, String> map = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = json.currentName();
          if (json.nextToken() != JsonToken.VALUE_STRING) {
            throw new IOException("'" + name + "' is not a text");
          }
          map.put(name, json.getString());
        }
        if (json.currentToken() == JsonToken.END_OBJECT) {
          return map;
        }
      }
      throw new IOException("it holds something unexpected");
    }

    private <T> T get(String name, Class<T> type) throws IOException {
      Object value = values.get(name);
      if (!type.isInstance(value)) {
        throw new IOException("'" + name + "' is missing or malformed");
      }
      return type.cast(value);
    }

    boolean has(String name) {
      return values.containsKey(name);
    }

    String text(String name) throws IOException {
      return get(name, String.class);
    }

    Optional<String> optional(String name) throws IOException {
      return has(name) ? Optional.of(text(name)) : Optional.empty();
    }

    long number(String name) throws IOException {
      return get(name, Long.class);
    }

    int integer(String name) throws IOException {
      long number = number(name);
      if (number != (int) number) {
        throw new IOException("'" + name + "' is out of range");
      }
      return (int) number;
    }

    Instant instant(String name) throws IOException {
      long seconds = number(name);
      if (seconds < 0 || seconds > LAST_SECOND) {
        throw new IOException("'" + name + "' is out of range");
      }
      return Instant.ofEpochSecond(seconds);
    }

    boolean flag(String name) throws IOException {
      return get(name, Boolean.class);
    }

    @SuppressWarnings("unchecked") // value() makes lists and maps of texts only
    List<String> list(String name) throws IOException {
      return (List<String>) get(name, List.class);
    }

    @SuppressWarnings("unchecked")
    Map<String, String> map(String name) throws IOException {
      return (Map<String, String>) get(name, Map.class);
    }
  }
}
