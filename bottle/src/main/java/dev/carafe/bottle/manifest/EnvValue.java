package dev.carafe.bottle.manifest;

/** What an environment variable of a bottle is set to. The text form is without the value. */
public sealed interface EnvValue {
  /** Where the value comes from, for people. */
  String source();

  /** The value itself, as it is written in the file. */
  record Literal(String value) implements EnvValue {
    @Override
    public String source() {
      return "from the file";
    }

    @Override
    public String toString() {
      return "Literal";
    }
  }

  /** The value of a variable of this host, at the start of the bottle. */
  record FromHost(String variable) implements EnvValue {
    @Override
    public String source() {
      return "from this host's " + variable;
    }
  }

  /** What the operator answers at the start of the bottle. */
  record Prompt(String question) implements EnvValue {
    @Override
    public String source() {
      return "asked for at the start";
    }
  }
}
