package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Position;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/**
 * One mistake.
 *
 * @param file where it is; empty when it is in no file but in what was asked for
 * @param at the place in the file
 * @param sentence what is wrong and what to do, without a final full stop
 */
public record ManifestProblem(Optional<Path> file, Position at, String sentence)
    implements Comparable<ManifestProblem> {

  /** A mistake in a file. */
  public static ManifestProblem in(Path file, Position at, String sentence) {
    return new ManifestProblem(Optional.of(file), at, sentence);
  }

  /** A mistake in no file. */
  public static ManifestProblem of(String sentence) {
    return new ManifestProblem(Optional.empty(), Position.START, sentence);
  }

  @Override
  public int compareTo(ManifestProblem other) {
    return Comparator.comparing((ManifestProblem p) -> p.file().map(Path::toString).orElse(""))
        .thenComparing(ManifestProblem::at)
        .thenComparing(ManifestProblem::sentence)
        .compare(this, other);
  }

  /** {@code FILE:LINE:COLUMN: sentence}, or only the sentence. */
  @Override
  public String toString() {
    return file.map(path -> path + ":" + at + ": ").orElse("") + sentence;
  }
}
