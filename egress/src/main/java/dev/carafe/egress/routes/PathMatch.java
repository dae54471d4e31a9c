package dev.carafe.egress.routes;

import com.google.re2j.Pattern;

/** How a path, without its query, must look. */
public sealed interface PathMatch {

  /** Whether the path is as it must be. */
  boolean matches(String path);

  /** The path itself. */
  record Exact(String value) implements PathMatch {
    @Override
    public boolean matches(String path) {
      return path.equals(value);
    }
  }

  /** The path or what is below it, by whole segments. */
  record Prefix(String value) implements PathMatch {
    @Override
    public boolean matches(String path) {
      String prefix = value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
      return path.equals(prefix) || path.startsWith(prefix + "/");
    }
  }

  /** The whole path matches the expression. */
  record Expression(Pattern pattern) implements PathMatch {
    @Override
    public boolean matches(String path) {
      return pattern.matches(path);
    }
  }
}
