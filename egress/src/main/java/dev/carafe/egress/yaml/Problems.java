package dev.carafe.egress.yaml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The mistakes found in one file, at most {@value #MOST} of them. One thread. */
public final class Problems {
  /** More would not be read by anybody. */
  public static final int MOST = 50;

  private final List<Problem> all = new ArrayList<>();

  public Problems() {}

  /** Adds a mistake; does nothing when there are many already. */
  public void add(Position at, String sentence) {
    if (all.size() < MOST) {
      all.add(new Problem(at, sentence));
    }
  }

  public boolean none() {
    return all.isEmpty();
  }

  /** In the order of the file. */
  public List<Problem> all() {
    return all.stream().sorted(Comparator.comparing(Problem::at)).toList();
  }
}
