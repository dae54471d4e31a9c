package dev.carafe.egress.yaml;

import java.util.List;
import java.util.Optional;

/**
 * A piece of a file: a scalar, a list, or keys with values. The text form of a node is its place,
 * never its value: a value may be a secret that stands where none should.
 */
public sealed interface Node {
  Position at();

  /** What it is, for a sentence: {@code "a list"}. */
  String kind();

  /**
   * Text, a number, true or false, or nothing.
   *
   * @param plain without quotes, so that it may be a number, true, false or nothing
   */
  record Scalar(Position at, String value, boolean plain) implements Node {
    @Override
    public String kind() {
      return Plain.of(this).kind();
    }

    @Override
    public String toString() {
      return "Scalar[" + at + "]";
    }
  }

  /** A list. */
  record Items(Position at, List<Node> all) implements Node {
    @Override
    public String kind() {
      return "a list";
    }

    @Override
    public String toString() {
      return "Items[" + at + "]";
    }
  }

  /** A key with its value. */
  record Entry(Position at, String key, Node value) {
    @Override
    public String toString() {
      return "Entry[" + at + "]";
    }
  }

  /**
   * Keys with values, no key twice. The accessors find what is there and of the right kind;
   * anything else is empty, and {@link Shape#check} has said so.
   */
  record Fields(Position at, List<Entry> all) implements Node {
    @Override
    public String kind() {
      return "keys with values";
    }

    public Optional<Node> value(String key) {
      return all.stream().filter(entry -> entry.key().equals(key)).findFirst().map(Entry::value);
    }

    public boolean has(String key) {
      return value(key).isPresent();
    }

    /** Where the key's value is, or where these fields begin. */
    public Position at(String key) {
      return value(key).map(Node::at).orElse(at);
    }

    public Optional<String> text(String key) {
      return scalar(key).filter(s -> Plain.of(s) == Plain.TEXT).map(Scalar::value);
    }

    /** A whole number that fits. */
    public Optional<Long> whole(String key) {
      return scalar(key).filter(s -> Plain.of(s) == Plain.WHOLE).flatMap(Plain::whole);
    }

    public Optional<Boolean> truth(String key) {
      return scalar(key)
          .filter(s -> Plain.of(s) == Plain.TRUTH)
          .map(s -> s.value().equalsIgnoreCase("true"));
    }

    public Optional<Fields> fields(String key) {
      return value(key).filter(Fields.class::isInstance).map(Fields.class::cast);
    }

    /** The list at that key; no items when there is none. */
    public List<Node> items(String key) {
      return value(key)
          .filter(Items.class::isInstance)
          .map(v -> ((Items) v).all())
          .orElse(List.of());
    }

    private Optional<Scalar> scalar(String key) {
      return value(key).filter(Scalar.class::isInstance).map(Scalar.class::cast);
    }

    @Override
    public String toString() {
      return "Fields[" + at + "]";
    }
  }
}
