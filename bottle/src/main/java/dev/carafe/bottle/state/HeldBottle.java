package dev.carafe.bottle.state;

import dev.carafe.image.disk.Durable;
import dev.carafe.image.disk.Lock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A bottle's state in the hands of the one process that runs the bottle. Nobody else can hold it
 * before it is {@link #close closed}, or that process has ended. Any thread.
 */
public final class HeldBottle implements AutoCloseable {
  private final Path directory;
  private final Lock lock;
  private BottleRecord record;
  private boolean gone;

  HeldBottle(Path directory, Lock lock, BottleRecord record) {
    this.directory = directory;
    this.lock = lock;
    this.record = record;
  }

  /** As it was last written. */
  public synchronized BottleRecord record() {
    return record;
  }

  /**
   * Writes a new record in place of the old one.
   *
   * @throws IOException if that is not possible; then the old one stays
   */
  public synchronized void update(BottleRecord changed) throws IOException {
    Durable.write(directory.resolve(BottleStates.RECORD), RecordJson.write(changed));
    record = changed;
  }

  /** The image that it was last frozen to, by whomever. */
  public Optional<String> frozen() throws IOException {
    return BottleStates.frozen(directory);
  }

  /** The routes that its sidecar follows. */
  public Path routes() {
    return directory.resolve("routes.yaml");
  }

  /** What was in the workspace when it was copied in. */
  public Path workspace() {
    return directory.resolve(BottleStates.WORKSPACE);
  }

  /** What happened to it, a line each. */
  public Path log() {
    return directory.resolve(BottleStates.LOG);
  }

  /** What its sidecar let through and refused. */
  public Path audit() {
    return directory.resolve(BottleStates.AUDIT);
  }

  /**
   * Removes all of it, and lets go of it.
   *
   * @throws IOException if something is left
   */
  public synchronized void delete() throws IOException {
    if (!gone) {
      // First what makes it a bottle: what is left of a deletion that was cut short is no bottle.
      Files.deleteIfExists(directory.resolve(BottleStates.RECORD));
      Durable.deleteTree(directory);
      gone = true;
    }
    lock.close();
  }

  /** Lets go of it; it stays. Idempotent. */
  @Override
  public synchronized void close() {
    lock.close();
  }
}
