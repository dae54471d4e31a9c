package dev.carafe.egress.yaml;

import com.google.re2j.Pattern;
import java.util.Optional;

/** What a scalar is by the core schema of YAML 1.2.2, section 10.3. With quotes it is text. */
enum Plain {
  NOTHING("nothing"),
  TRUTH("true or false"),
  WHOLE("a whole number"),
  NUMBER("a number"),
  TEXT("text");

  private static final Pattern NONE = Pattern.compile("~|null|Null|NULL|");
  private static final Pattern BOOLEAN = Pattern.compile("true|True|TRUE|false|False|FALSE");
  private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+");
  private static final Pattern FLOAT =
      Pattern.compile(
          "[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?"
              + "|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");

  private final String kind;

  Plain(String kind) {
    this.kind = kind;
  }

  String kind() {
    return kind;
  }

  static Plain of(Node.Scalar scalar) {
    String value = scalar.value();
    if (!scalar.plain()) {
      return TEXT;
    }
    if (NONE.matches(value)) {
      return NOTHING;
    }
    if (BOOLEAN.matches(value)) {
      return TRUTH;
    }
    if (INTEGER.matches(value)) {
      return WHOLE;
    }
    return FLOAT.matches(value) ? NUMBER : TEXT;
  }

  /** The number, if it is a decimal one of at most 18 digits. */
  static Optional<Long> whole(Node.Scalar scalar) {
    String value = scalar.value();
    boolean reads = value.length() <= 18 && value.indexOf('o') < 0 && value.indexOf('x') < 0;
    return reads ? Optional.of(Long.parseLong(value)) : Optional.empty();
  }
}
