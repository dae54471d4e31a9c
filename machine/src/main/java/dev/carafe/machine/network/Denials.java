package dev.carafe.machine.network;

import dev.carafe.machine.Denial;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What a machine was refused, as lines of JSON in its directory. A guest can cause as many as it
 * likes, so they are limited: at most {@value #BURST} at once and {@value #RATE} a second are
 * written down, the rest is counted; and of two files of at most half a MiB the older one goes.
 * Writing is for one thread of one process; reading is for anybody.
 */
public final class Denials {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int MOST_BYTES = 512 * 1024;
  private static final int BURST = 200;
  private static final int RATE = 20;
  private static final int LONGEST = 300;

  private final Path file;
  private final InstantSource clock;
  private double allowance = BURST;
  private Instant filled;
  private long missed;
  private String last = "";
  private Instant lastTime = Instant.EPOCH;

  public Denials(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
    filled = clock.instant();
  }

  /**
   * Writes one down; the same once more within a second is the same. (Programs ask for a name's two
   * kinds of address at once.) That it cannot be written keeps nobody from refusing.
   */
  void add(String operation, String destination) {
    Instant now = clock.instant();
    String what = operation + " " + destination;
    if (what.equals(last) && now.isBefore(lastTime.plusSeconds(1))) {
      return;
    }
    last = what;
    lastTime = now;
    double seconds = Math.max(0, ChronoUnit.MILLIS.between(filled, now) / 1000.0);
    allowance = Math.min(BURST, allowance + seconds * RATE);
    filled = now;
    if (allowance < 1) {
      missed++;
      return;
    }
    allowance--;
    var lines = new ByteArrayOutputStream(256);
    if (missed > 0) {
      line(lines, now, "missed", missed + " more");
      missed = 0;
    }
    line(lines, now, operation, destination);
    try {
      write(lines.toByteArray());
    } catch (IOException e) {
      missed++;
    }
  }

  private static void line(
      ByteArrayOutputStream to, Instant time, String operation, String destination) {
    String shown =
        destination.length() <= LONGEST ? destination : destination.substring(0, LONGEST);
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), to)) {
      json.writeStartObject();
      json.writeStringProperty("timestamp", time.truncatedTo(ChronoUnit.MILLIS).toString());
      json.writeStringProperty("operation", operation);
      json.writeStringProperty("dest", shown);
      json.writeEndObject();
    }
    to.write('\n');
  }

  private void write(byte[] lines) throws IOException {
    if (Files.exists(file) && Files.size(file) + lines.length > MOST_BYTES) {
      Files.move(
          file, older(file), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      channel.write(ByteBuffer.wrap(lines));
    }
  }

  private static Path older(Path file) {
    return file.resolveSibling(file.getFileName() + ".1");
  }

  /** The last {@code limit} that were written down in {@code file}, the newest last. */
  public static List<Denial> read(Path file, int limit) throws IOException {
    List<Denial> all = new ArrayList<>();
    for (Path each : List.of(older(file), file)) {
      if (Files.exists(each)) {
        for (String line : Files.readString(each, StandardCharsets.UTF_8).split("\n")) {
          Denial denial = parse(line);
          if (denial != null) {
            all.add(denial);
          }
        }
      }
    }
    return List.copyOf(all.subList(Math.max(0, all.size() - limit), all.size()));
  }

  /** Null for a line that was not written to its end. */
  private static Denial parse(String line) {
    String time = "";
    String operation = "";
    String destination = "";
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "timestamp" -> time = json.getString();
          case "operation" -> operation = json.getString();
          case "dest" -> destination = json.getString();
          default -> {}
        }
      }
      return new Denial(Instant.parse(time), operation, destination);
    } catch (JacksonException | java.time.DateTimeException e) {
      return null;
    }
  }
}
