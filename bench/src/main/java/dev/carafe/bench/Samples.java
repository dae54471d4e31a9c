package dev.carafe.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured, by name, in the order of the first time. Safe for use by many threads. */
final class Samples {
  private final Map<String, Metric> metrics = new LinkedHashMap<>();

  /** One thing that was measured a number of times. */
  private record Metric(String unit, List<Double> values) {}

  /**
   * A metric's figures.
   *
   * @param minimum the smallest value
   * @param median of two in the middle, the lower one
   * @param p90 nine of ten values are not above it
   */
  record Figures(String unit, int count, double minimum, double median, double p90) {}

  synchronized void add(String metric, String unit, double value) {
    metrics
        .computeIfAbsent(metric, name -> new Metric(unit, new ArrayList<>()))
        .values()
        .add(value);
  }

  /** Adds the time since {@code startNanos}, in milliseconds. */
  void addSince(String metric, long startNanos) {
    add(metric, "ms", (System.nanoTime() - startNanos) / 1e6);
  }

  /** Forgets everything: it was practice. */
  synchronized void clear() {
    metrics.clear();
  }

  synchronized Map<String, Figures> figures() {
    Map<String, Figures> figures = new LinkedHashMap<>();
    metrics.forEach((name, metric) -> figures.put(name, figures(metric)));
    return figures;
  }

  private static Figures figures(Metric metric) {
    double[] sorted = metric.values().stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return new Figures(
        metric.unit(),
        sorted.length,
        sorted[0],
        sorted[(sorted.length - 1) / 2],
        sorted[(int) Math.ceil(sorted.length * 0.9) - 1]);
  }
}
