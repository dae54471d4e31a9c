package dev.carafe.egress.yaml;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a piece of a file may be. One declaration gives the checks, with a sentence and a position
 * for everything that does not fit, and the JSON Schema ({@link SchemaWriter}).
 *
 * <p>The sentences name keys and kinds, never values: a value may be a secret in the wrong place.
 */
public sealed interface Shape {
  /** One or two sentences for people who write such files. */
  String about();

  /**
   * Adds what does not fit.
   *
   * @param what how a sentence calls the node: {@code "'port'"}
   */
  void check(Node node, String what, Problems problems);

  /**
   * Text.
   *
   * @param least how many characters it has at least
   */
  record Text(String about, int least, int most) implements Shape {
    /** Text of at least one character. */
    public Text(String about, int most) {
      this(about, 1, most);
    }

    @Override
    public void check(Node node, String what, Problems problems) {
      if (!(node instanceof Node.Scalar scalar)) {
        problems.add(node.at(), what + " must be text, not " + node.kind());
      } else if (Plain.of(scalar) == Plain.NOTHING) {
        problems.add(
            node.at(), what + " has no value" + (least == 0 ? "; write '' for an empty one" : ""));
      } else if (scalar.value().length() < least) {
        problems.add(
            node.at(),
            what + (least == 1 ? " has no value" : " is shorter than " + least + " characters"));
      } else if (Plain.of(scalar) != Plain.TEXT) {
        problems.add(node.at(), what + " must be text, not " + node.kind() + "; put it in quotes");
      } else if (scalar.value().length() > most) {
        problems.add(node.at(), what + " is longer than " + most + " characters");
      }
    }
  }

  /** One of some words. */
  record Choice(String about, List<String> words) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      String allowed = listed(words, "or");
      // Also for true and false, which people write where off or no would be the word.
      if (!(node instanceof Node.Scalar scalar)) {
        problems.add(node.at(), what + " must be " + allowed + ", not " + node.kind());
      } else if (!words.contains(scalar.value())) {
        String meant =
            Nearest.to(scalar.value(), words).map(w -> "; did you mean '" + w + "'?").orElse("");
        problems.add(node.at(), what + " must be " + allowed + meant);
      }
    }
  }

  /** A whole number. */
  record Whole(String about, long least, long most) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      boolean fits =
          node instanceof Node.Scalar scalar
              && Plain.of(scalar) == Plain.WHOLE
              && Plain.whole(scalar).filter(n -> n >= least && n <= most).isPresent();
      if (!fits) {
        String range =
            least == most ? "be " + least : "be a whole number from " + least + " to " + most;
        String kind = node.kind().equals("a whole number") ? "" : ", not " + node.kind();
        problems.add(node.at(), what + " must " + range + kind);
      }
    }
  }

  /** True or false. */
  record Truth(String about) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      if (!(node instanceof Node.Scalar scalar) || Plain.of(scalar) != Plain.TRUTH) {
        problems.add(node.at(), what + " must be true or false, not " + node.kind());
      }
    }
  }

  /** A list. */
  record ListOf(String about, Shape item, int least, int most) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      if (!(node instanceof Node.Items items)) {
        problems.add(node.at(), what + " must be a list, not " + node.kind());
        return;
      }
      if (items.all().size() < least) {
        problems.add(node.at(), what + " must have at least " + least + " in its list");
      } else if (items.all().size() > most) {
        problems.add(node.at(), what + " has more than " + most + " in its list");
      }
      for (Node each : items.all()) {
        item.check(each, "each of " + what, problems);
      }
    }
  }

  /**
   * Keys that the file's writer chooses, each with a value of one shape.
   *
   * @param least how many there are at least
   */
  record Named(String about, Shape value, int least, int most) implements Shape {
    /** One key at least. */
    public Named(String about, Shape value, int most) {
      this(about, value, 1, most);
    }

    @Override
    public void check(Node node, String what, Problems problems) {
      if (!(node instanceof Node.Fields fields)) {
        String none = least == 0 ? "; write {} for none" : "";
        problems.add(node.at(), what + " must be keys with values, not " + node.kind() + none);
        return;
      }
      if (fields.all().size() < least || fields.all().size() > most) {
        problems.add(node.at(), what + " must have " + least + " to " + most + " keys");
      }
      fields.all().forEach(entry -> value.check(entry.value(), key(entry.key()), problems));
    }
  }

  /** A value that may be written in several forms, which differ in what kind of node they are. */
  record OneOf(String about, List<Shape> forms) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      forms.stream()
          .filter(form -> form.isFor(node))
          .findFirst()
          .ifPresentOrElse(
              form -> form.check(node, what, problems),
              () -> {
                String kinds = String.join(" or ", forms.stream().map(Shape::kind).toList());
                problems.add(node.at(), what + " must be " + kinds + ", not " + node.kind());
              });
    }
  }

  /** Anything; somebody else looks at it, or nobody. */
  record Anything(String about) implements Shape {
    @Override
    public void check(Node node, String what, Problems problems) {
      // Whatever it is.
    }
  }

  /**
   * Whether a node is of the kind that this shape is about, whatever is wrong with it otherwise.
   */
  default boolean isFor(Node node) {
    return switch (this) {
      case Keys keys -> node instanceof Node.Fields;
      case Named named -> node instanceof Node.Fields;
      case ListOf list -> node instanceof Node.Items;
      case OneOf several -> several.forms().stream().anyMatch(form -> form.isFor(node));
      case Anything anything -> true;
      case Text text -> node instanceof Node.Scalar;
      case Choice choice -> node instanceof Node.Scalar;
      case Whole whole -> node instanceof Node.Scalar;
      case Truth truth -> node instanceof Node.Scalar;
    };
  }

  /** What it is about, for a sentence: {@code "a list"}. */
  default String kind() {
    return switch (this) {
      case Keys keys -> "keys with values";
      case Named named -> "keys with values";
      case ListOf list -> "a list";
      case OneOf several -> String.join(" or ", several.forms().stream().map(Shape::kind).toList());
      case Anything anything -> "anything";
      case Text text -> "text";
      case Choice choice -> "a word";
      case Whole whole -> "a whole number";
      case Truth truth -> "true or false";
    };
  }

  /** A known key. */
  record Key(String name, Shape shape, boolean required) {}

  /**
   * Known keys with values.
   *
   * @param oneOf of these exactly one must be there; empty: no such rule
   * @param instead the sentence when there is something else; empty: an ordinary one
   * @param others keys that are not known, but that people may expect here, with what to say then
   */
  record Keys(
      String about, List<Key> keys, List<String> oneOf, String instead, Map<String, String> others)
      implements Shape {
    public static Keys of(String about) {
      return new Keys(about, List.of(), List.of(), "", Map.of());
    }

    /** And this key, which may be there. */
    public Keys optional(String name, Shape shape) {
      return with(new Key(name, shape, false));
    }

    /** And this key, which must be there. */
    public Keys required(String name, Shape shape) {
      return with(new Key(name, shape, true));
    }

    /** Exactly one of these keys. */
    public Keys exactlyOne(String... names) {
      return new Keys(about, keys, List.of(names), instead, others);
    }

    /** What to say when there are no keys at all but some value. */
    public Keys instead(String sentence) {
      return new Keys(about, keys, oneOf, sentence, others);
    }

    /** What to say of a key that is none here, but that people may expect. */
    public Keys not(String name, String sentence) {
      Map<String, String> more = new LinkedHashMap<>(others);
      more.put(name, sentence);
      return new Keys(about, keys, oneOf, instead, Collections.unmodifiableMap(more));
    }

    private Keys with(Key key) {
      List<Key> more = new ArrayList<>(keys);
      more.add(key);
      return new Keys(about, List.copyOf(more), oneOf, instead, others);
    }

    @Override
    public void check(Node node, String what, Problems problems) {
      if (!(node instanceof Node.Fields fields)) {
        problems.add(
            node.at(),
            instead.isEmpty() ? what + " must be keys with values, not " + node.kind() : instead);
        return;
      }
      List<String> names = keys.stream().map(Key::name).toList();
      for (Node.Entry entry : fields.all()) {
        keys.stream()
            .filter(key -> key.name().equals(entry.key()))
            .findFirst()
            .ifPresentOrElse(
                key -> key.shape().check(entry.value(), key(key.name()), problems),
                () ->
                    problems.add(
                        entry.at(),
                        Optional.ofNullable(others.get(entry.key()))
                            .orElseGet(() -> unknown(entry.key(), names))));
      }
      for (Key key : keys) {
        if (key.required() && !fields.has(key.name())) {
          problems.add(fields.at(), what + " lacks " + key(key.name()));
        }
      }
      long given = oneOf.stream().filter(fields::has).count();
      if (!oneOf.isEmpty() && given != 1) {
        String rule = given == 0 ? " must have one of " : " must have only one of ";
        problems.add(fields.at(), what + rule + listed(oneOf, "and"));
      }
    }

    private static String unknown(String name, List<String> names) {
      return Nearest.to(name, names)
          .map(nearest -> key(name) + " is not a key here; did you mean '" + nearest + "'?")
          .orElseGet(() -> key(name) + " is not a key here; known are " + String.join(", ", names));
    }
  }

  /** A key as a sentence shows it; what does not look like one is not shown. */
  static String key(String name) {
    boolean looksLikeOne = !name.isEmpty() && name.length() <= 30;
    for (int i = 0; looksLikeOne && i < name.length(); i++) {
      char c = name.charAt(i);
      looksLikeOne = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_';
    }
    return looksLikeOne ? "'" + name + "'" : "this key";
  }

  /** Words in quotes, with commas and a last word between them. */
  static String listed(List<String> words, String last) {
    List<String> quoted = words.stream().map(word -> "'" + word + "'").toList();
    return quoted.size() < 2
        ? String.join("", quoted)
        : String.join(", ", quoted.subList(0, quoted.size() - 1))
            + " "
            + last
            + " "
            + quoted.getLast();
  }

  /** A choice of words. */
  static Choice choice(String about, String... words) {
    return new Choice(about, Arrays.asList(words));
  }
}
