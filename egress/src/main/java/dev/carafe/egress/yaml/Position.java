package dev.carafe.egress.yaml;

/**
 * A place in a file.
 *
 * @param line from 1; 0: the file as a whole
 * @param column from 1, in characters; 0: the file as a whole
 */
public record Position(int line, int column) implements Comparable<Position> {
  /** Where a file begins. */
  public static final Position START = new Position(1, 1);

  /** No place: the file as such is meant. */
  public static final Position NOWHERE = new Position(0, 0);

  @Override
  public int compareTo(Position other) {
    return line != other.line
        ? Integer.compare(line, other.line)
        : Integer.compare(column, other.column);
  }

  @Override
  public String toString() {
    return line + ":" + column;
  }
}
