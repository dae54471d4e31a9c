package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Node;
import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import java.util.ArrayList;
import java.util.List;

/** A name, and where it was written. */
record Named(String name, Position at) {

  /**
   * The names at a key, which is one name or a list of them; what cannot be one, or is there twice,
   * is a mistake.
   */
  static List<Named> read(Fields fields, String key, Problems problems) {
    List<Named> names = new ArrayList<>();
    for (Node each : fields.value(key).map(Named::several).orElse(List.of())) {
      if (!(each instanceof Node.Scalar scalar) || scalar.value().isEmpty()) {
        continue; // and a problem already
      }
      String name = scalar.value();
      if (!ManifestName.valid(name)) {
        problems.add(each.at(), "this is no name: " + ManifestName.RULE);
      } else if (names.stream().anyMatch(n -> n.name().equals(name))) {
        problems.add(each.at(), "'" + name + "' is here a second time; take one away");
      } else {
        names.add(new Named(name, each.at()));
      }
    }
    return List.copyOf(names);
  }

  private static List<Node> several(Node node) {
    return node instanceof Node.Items items ? items.all() : List.of(node);
  }
}
