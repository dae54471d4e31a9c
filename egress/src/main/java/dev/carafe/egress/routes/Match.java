package dev.carafe.egress.routes;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Conditions that hold together. */
public record Match(Optional<PathMatch> path, Optional<String> method, List<HeaderMatch> headers) {

  /**
   * Whether a request is as this says.
   *
   * @param path without the query, as the proxy has normalised it
   * @param header the values of a header by its lower-case name; empty if it is absent
   */
  public boolean matches(String method, String path, Function<String, List<String>> header) {
    return this.path.map(p -> p.matches(path)).orElse(true)
        && this.method.map(m -> m.equals(method)).orElse(true)
        && headers.stream().allMatch(h -> h.matches(header.apply(h.name())));
  }
}
