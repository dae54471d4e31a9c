package dev.carafe.bottle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/**
 * What happened to a bottle, a line each with its time, for whoever looks later. It ends at {@link
 * #MOST_BYTES}: the guest can cause some of what is said. Any thread.
 */
final class BottleLog {
  private static final long MOST_BYTES = 4 << 20;

  private final Path file;
  private final InstantSource clock;

  BottleLog(Path file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
  }

  /** Writes a line. A log that cannot be written keeps nobody from working. */
  synchronized void say(String sentence) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    String line = now + " " + sentence.replaceAll("\\p{Cntrl}+", " ") + "\n";
    try {
      if (!Files.exists(file) || Files.size(file) < MOST_BYTES) {
        Files.writeString(
            file,
            line,
            StandardCharsets.UTF_8,
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
    } catch (IOException e) {
      // The directory may be gone, with the bottle.
    }
  }
}
