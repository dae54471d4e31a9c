package dev.carafe.bottle.botbottle;

import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problem;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What of one file could not be carried over, and what both kinds of files need to be read. */
final class Notes {
  private final Problems all = new Problems();

  void add(Position at, String sentence) {
    all.add(at, sentence);
  }

  List<Problem> all() {
    return all.all();
  }

  /** Says of each key that is none of the known ones that it is left out. */
  void unknown(Fields fields, Set<String> known) {
    for (Node.Entry entry : fields.all()) {
      if (!known.contains(entry.key())) {
        add(entry.at(), Shape.key(entry.key()) + " has no counterpart, and is left out");
      }
    }
  }

  /** Copies values that mean the same here, when they are there. */
  static void copy(Fields from, Map<String, Object> to, String... keys) {
    for (String key : keys) {
      from.value(key).ifPresent(value -> to.put(key, plain(value, from, key)));
    }
  }

  private static Object plain(Node value, Fields from, String key) {
    return from.whole(key)
        .map(Object.class::cast)
        .or(() -> from.truth(key))
        .orElseGet(() -> any(value));
  }

  /** Any value; what is in no quotes and is neither a whole number nor true or false is text. */
  static Object any(Node node) {
    return switch (node) {
      case Node.Scalar scalar -> {
        Fields alone =
            new Fields(scalar.at(), List.of(new Node.Entry(scalar.at(), "value", scalar)));
        Optional<Object> value =
            alone.whole("value").map(Object.class::cast).or(() -> alone.truth("value"));
        yield value.orElse(scalar.value());
      }
      case Node.Items items -> {
        List<Object> list = new ArrayList<>();
        items.all().forEach(item -> list.add(any(item)));
        yield list;
      }
      case Fields fields -> {
        Map<String, Object> map = new LinkedHashMap<>();
        fields.all().forEach(entry -> map.put(entry.key(), any(entry.value())));
        yield map;
      }
    };
  }
}
