package dev.carafe.egress.scan;

import java.util.Arrays;

/**
 * Bytes without escapes, in a fixed room, and where each came from. Between two escapes both go on
 * in step, so only the places after escapes are kept.
 */
final class Plain {
  final byte[] bytes;

  /** How many of the bytes are written. */
  int length;

  /** Whether there may be escapes in it again. */
  boolean again;

  private final int[] at;
  private final int[] source;
  private int steps;
  private int next;

  Plain(int room) {
    bytes = new byte[room];
    at = new int[2 * room + 2];
    source = new int[2 * room + 2];
  }

  int room() {
    return bytes.length - length;
  }

  void clear() {
    length = 0;
    steps = 0;
    next = -1;
    again = false;
  }

  /** Takes bytes as they are. */
  void copy(byte[] from, int start, int end) {
    step(start);
    System.arraycopy(from, start, bytes, length, end - start);
    length += end - start;
    next = end;
  }

  /** Takes one byte for what stands between two places. */
  void put(byte value, int start, int end) {
    step(start);
    bytes[length++] = value;
    step(end);
  }

  /** Goes on from a place. */
  void skip(int to) {
    step(to);
  }

  /** Nothing more comes; reading ended at a place. */
  void end(int place) {
    step(place);
  }

  private void step(int place) {
    if (place == next) {
      return;
    }
    if (steps > 0 && at[steps - 1] == length) {
      steps--;
    }
    at[steps] = length;
    source[steps++] = place;
    next = place;
  }

  /** Where the byte at a place of this came from. */
  int place(int i) {
    int found = Arrays.binarySearch(at, 0, steps, i);
    int step = found >= 0 ? found : -found - 2;
    return source[step] + i - at[step];
  }
}
