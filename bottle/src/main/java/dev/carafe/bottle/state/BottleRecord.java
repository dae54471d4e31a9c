package dev.carafe.bottle.state;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is remembered of a bottle: what it was asked for, so that it can be started again, and what
 * has become of it. Nothing in it is secret.
 *
 * @param slug its name, and its machine's
 * @param agent the agent that runs in it
 * @param bottles those that were chosen for it, in their order
 * @param directory where the repository's agents were looked for
 * @param workspace the directory of this host that was copied in
 * @param ignored whether what git ignores was copied in too
 * @param label what people call it
 * @param color of its label: one of the eight of a terminal, or empty
 * @param engine what its machine is run by
 * @param provider which program the agent is
 * @param image the image that its machine is made from, by its digest
 * @param imageOverride the image that was asked for on the command line
 * @param cpus of its machine
 * @param memoryMib of its machine
 * @param started when it was last started
 * @param phase how far it has come
 * @param injected paths of the guest that were put there for this session only, and are no part of
 *     what it is frozen to
 */
public record BottleRecord(
    String slug,
    String agent,
    List<String> bottles,
    Path directory,
    Optional<Path> workspace,
    boolean ignored,
    String label,
    String color,
    String engine,
    String provider,
    String image,
    Optional<String> imageOverride,
    int cpus,
    int memoryMib,
    Instant started,
    Phase phase,
    List<String> injected) {

  /** A directory that no system has, by Debian's policy. */
  private static final Path NOWHERE = Path.of("/nonexistent");

  /** How far a bottle has come. What a killed process leaves stays as it was. */
  public enum Phase {
    /** Its machine is being made, or is made and empty. */
    MAKING,
    /** Its machine has all that it needs; the workspace is in it. */
    READY,
    /** As {@link #READY}, of one that was there before, and will be when its session has ended. */
    RESUMED,
    /** Its session has ended; its machine is stopped, and kept. */
    KEPT,
    /** Its session has ended; its machine is gone. */
    ENDED
  }

  public BottleRecord {
    bottles = List.copyOf(bottles);
    injected = List.copyOf(injected);
  }

  public BottleRecord at(Phase reached) {
    return copy(image, started, reached, injected);
  }

  /** Started again, now. */
  public BottleRecord startedAt(Instant now) {
    return copy(image, now, phase, injected);
  }

  /** Made from another image. */
  public BottleRecord from(String digest) {
    return copy(digest, started, phase, injected);
  }

  /** With this put into the guest. */
  public BottleRecord with(List<String> paths) {
    return copy(image, started, phase, paths);
  }

  /**
   * Without what means something only on the computer, or to the person, that wrote it: it names no
   * directory of this one any more, and no image but its own.
   */
  public BottleRecord elsewhere() {
    return new BottleRecord(
        slug,
        agent,
        bottles,
        NOWHERE,
        workspace.map(path -> NOWHERE),
        false,
        label,
        color,
        engine,
        provider,
        image,
        Optional.empty(),
        cpus,
        memoryMib,
        started,
        phase,
        injected);
  }

  /** What was asked for stays; only what has become of it changes. */
  private BottleRecord copy(String digest, Instant when, Phase reached, List<String> paths) {
    return new BottleRecord(
        slug,
        agent,
        bottles,
        directory,
        workspace,
        ignored,
        label,
        color,
        engine,
        provider,
        digest,
        imageOverride,
        cpus,
        memoryMib,
        when,
        reached,
        paths);
  }
}
